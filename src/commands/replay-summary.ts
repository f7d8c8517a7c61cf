// What a replay did, kept while it runs: distinct addresses, what became of them, who was busiest.

import { formatWords } from '../address/address.js';
import { type BatchResult, OUTCOMES } from '../store/store.js';
import { AddressTable } from '../whitelist/address-table.js';
import { type Batch, FIELD } from '../whitelist/batch.js';

const COUNT = 4;
const OUTCOME = 5;
const STRIDE = 6;

/** A correspondent and how often it was seen. */
export interface Busy {
  readonly address: string;
  readonly sightings: number;
}

/** Sums up the batches of a replay. Memory: 32 bytes an address. */
export class ReplaySummary {
  readonly #table = new AddressTable(STRIDE);

  /** Takes in a batch and what the store made of it; an address's first outcome is what it was before the replay. */
  add(batch: Batch, result: BatchResult): void {
    const { words } = batch;
    for (let row = 0, at = 0; row < batch.length; row++, at += FIELD.stride) {
      const place = this.#table.row(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
      const own = this.#table.words;
      if (own[place + COUNT] === 0) own[place + OUTCOME] = result.outcomes[row]!;
      own[place + COUNT]! += words[at + FIELD.count]!;
    }
  }

  /** Distinct addresses so far. */
  get addresses(): number {
    return this.#table.size;
  }

  /** How many addresses were added, refreshed and left trapped. */
  outcomes(): { readonly added: number; readonly refreshed: number; readonly trapped: number } {
    const sums = { added: 0, refreshed: 0, trapped: 0 };
    for (let row = 0; row < this.#table.size; row++) {
      sums[OUTCOMES[this.#table.words[row * STRIDE + OUTCOME]!]!]++;
    }
    return sums;
  }

  /** The busiest correspondents, the busiest first. */
  busiest(limit: number): Busy[] {
    const { words, size } = this.#table;
    const best: number[] = [];
    for (let row = 0; row < size; row++) {
      const count = words[row * STRIDE + COUNT]!;
      if (best.length === limit && count <= words[best.at(-1)! * STRIDE + COUNT]!) continue;
      const place = best.findIndex(other => words[other * STRIDE + COUNT]! < count);
      best.splice(place < 0 ? best.length : place, 0, row);
      best.length = Math.min(best.length, limit);
    }
    return best.map(row => {
      const at = row * STRIDE;
      const address = formatWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
      return { address, sightings: words[at + COUNT]! };
    });
  }
}
