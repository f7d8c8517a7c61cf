// The IPv6 addresses that were seen, of which spamd keeps no entries: they are white here, for the firewall's tables.

import { isIpv4Words } from '../../address/address.js';
import { Batch, FIELD } from '../../whitelist/batch.js';
import type { Entry } from '../../whitelist/entry.js';
import { MemoryStore } from '../memory-store.js';
import type { BatchResult } from '../store.js';
import type { SeenAddress } from './sightings-book.js';

/** Entries in memory; what the book remembers of them from an earlier start is put back with {@link remember}. */
export class Ipv6Shelf extends MemoryStore {
  /** An entry's times are those of its sightings, which are all that the book has. */
  remember(seen: readonly SeenAddress[], whiteexpSeconds: number): void {
    for (const { address, sighting } of seen) {
      const { firstSeen, lastSeen, inbound, outbound } = sighting;
      const times = { first: firstSeen, pass: firstSeen, expire: lastSeen + whiteexpSeconds };
      const entry: Entry = { ...times, bcount: 1, pcount: inbound + outbound - 1 };
      this.set({ kind: 'address', address, entry, sighting });
    }
  }

  /** Applies the rows of a batch that are IPv6, and puts what became of them where the result has them. */
  async applyIpv6(batch: Batch, whiteexpSeconds: number, { outcomes, expires }: BatchResult): Promise<void> {
    const rows: number[] = [];
    const { words } = batch;
    for (let row = 0; row < batch.length; row++) {
      const at = row * FIELD.stride;
      if (!isIpv4Words(words[at]!, words[at + 1]!, words[at + 2]!)) rows.push(row);
    }
    const mine = new Uint32Array(rows.length * FIELD.stride);
    rows.forEach((row, i) => {
      mine.set(words.subarray(row * FIELD.stride, (row + 1) * FIELD.stride), i * FIELD.stride);
    });
    const result = await this.applyBatch(new Batch(mine, batch.rules), whiteexpSeconds);
    rows.forEach((row, i) => {
      outcomes[row] = result.outcomes[i]!;
      expires[row] = result.expires[i]!;
    });
  }
}
