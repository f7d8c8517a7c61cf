// The whitelist in memory: for tests, and on top of a database that must not be changed.

import { parseAddress } from '../address/address.js';
import { type Prefix, prefixContains } from '../address/prefix.js';
import { applySync } from '../whitelist/apply-sync.js';
import type { AddressSightings, Batch } from '../whitelist/batch.js';
import {
  addByHand,
  applySightings,
  type Entry,
  entryStatus,
  isTrapped,
  trapByHand,
} from '../whitelist/entry.js';
import { isListed, sortRecords } from './listing.js';
import {
  type AddressRecord,
  type AddressStatement,
  type BatchResult,
  type ListOptions,
  OUTCOMES,
  type Sighting,
  type Store,
  type StoreRecord,
  type SyncResult,
  type TupleRecord,
} from './store.js';

const EVERYTHING: Prefix = { words: [0, 0, 0, 0], bits: 0 };

/** A {@link Store} that forgets everything at the end. What it has no word of is looked up in `base`, which it only reads. */
export class MemoryStore implements Store {
  readonly #base: Store | undefined;
  /** undefined: deleted here, whatever the base says. */
  readonly #records = new Map<string, AddressRecord | undefined>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(base?: Store) {
    this.#base = base;
  }

  applyBatch(batch: Batch, whiteexpSeconds: number): Promise<BatchResult> {
    return this.#inTurn(async () => {
      const outcomes = new Uint8Array(batch.length);
      const expires = new Float64Array(batch.length);
      const records: AddressRecord[] = [];
      for (let row = 0; row < batch.length; row++) {
        const sightings = batch.row(row);
        const { address } = sightings;
        const before = await this.#get(address);
        const { outcome, entry } = applySightings(before?.entry, sightings, whiteexpSeconds);
        const sighting = mergeSighting(before?.sighting, sightings);
        records.push({ kind: 'address', address, entry, sighting });
        outcomes[row] = OUTCOMES.indexOf(outcome);
        expires[row] = entry.expire;
      }
      for (const record of records) this.#records.set(record.address, record);
      return { outcomes, expires };
    });
  }

  /** Changes are made one after the other: each looks something up first, and may have to wait for it. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async applySync(
    statements: readonly AddressStatement[],
    now: number,
    whiteexpSeconds: number,
  ): Promise<readonly SyncResult[]> {
    return this.#inTurn(async () => {
      const results: SyncResult[] = [];
      for (const { address, ...statement } of statements) {
        const before = await this.#get(address);
        const { outcome, entry } = applySync(before?.entry, statement, now, whiteexpSeconds);
        if (outcome === 'deleted') this.#records.set(address, undefined);
        else if (entry !== undefined) {
          this.#records.set(address, { kind: 'address', address, ...before, entry });
        }
        results.push({ outcome, expire: entry?.expire ?? 0 });
      }
      return results;
    });
  }

  /** Takes a record as it is. */
  set(record: AddressRecord): void {
    this.#records.set(record.address, record);
  }

  async get(address: string): Promise<Entry | undefined> {
    return (await this.#get(address))?.entry;
  }

  async #get(address: string): Promise<AddressRecord | undefined> {
    if (this.#records.has(address)) return this.#records.get(address);
    const words = parseAddress(address);
    if (this.#base === undefined || words === undefined) return undefined;
    for await (const record of this.#base.find({ words, bits: 128 })) {
      if (record.kind === 'address') return record;
    }
    return undefined;
  }

  async *find(prefix: Prefix): AsyncGenerator<AddressRecord | TupleRecord> {
    if (this.#base) {
      for await (const record of this.#base.find(prefix)) {
        if (record.kind !== 'address' || !this.#records.has(record.address)) yield record;
      }
    }
    for (const record of this.#records.values()) {
      const words = record && parseAddress(record.address);
      if (words !== undefined && prefixContains(prefix, words)) yield record!;
    }
  }

  async *list(options: ListOptions): AsyncGenerator<StoreRecord> {
    const everything: StoreRecord[] = [];
    if (this.#base) {
      const { limit: _, ...all } = options;
      for await (const record of this.#base.list({ ...all, sort: 'database' })) {
        if (record.kind !== 'address' || !this.#records.has(record.address)) everything.push(record);
      }
    }
    for (const record of this.#records.values()) {
      if (record && isListed(record, options)) everything.push(record);
    }
    yield* sortRecords(everything, options).slice(0, options.limit);
  }

  async add(address: string, now: number, whiteexpSeconds: number): Promise<Entry> {
    return this.#change(address, entry => addByHand(entry, now, whiteexpSeconds));
  }

  async trap(address: string, now: number, trapexpSeconds: number): Promise<Entry> {
    return this.#change(address, entry => trapByHand(entry, now, trapexpSeconds));
  }

  #change(address: string, change: (entry: Entry | undefined) => Entry): Promise<Entry> {
    return this.#inTurn(async () => {
      const before = await this.#get(address);
      const entry = change(before?.entry);
      this.#records.set(address, { kind: 'address', address, ...before, entry });
      return entry;
    });
  }

  delete(address: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const isThere = (await this.#get(address)) !== undefined;
      this.#records.set(address, undefined);
      return isThere;
    });
  }

  expireWhite(now: number, limit: number = Number.POSITIVE_INFINITY): Promise<string[]> {
    return this.#inTurn(async () => {
      const gone: string[] = [];
      for await (const record of this.find(EVERYTHING)) {
        if (record.kind !== 'address' || isTrapped(record.entry) || record.entry.expire > now) continue;
        if (gone.length >= limit) break;
        gone.push(record.address);
      }
      for (const address of gone) this.#records.set(address, undefined);
      return gone;
    });
  }

  async countWhite(now: number): Promise<number> {
    let count = 0;
    for await (const record of this.find(EVERYTHING)) {
      if (record.kind === 'address' && entryStatus(record.entry, now) === 'WHITE') count++;
    }
    return count;
  }

  async close(): Promise<void> {
    await this.#base?.close();
  }
}

/** What is known of an address's sightings after those of a batch. */
function mergeSighting(before: Sighting | undefined, sightings: AddressSightings): Sighting {
  const { firstSeen, lastSeen, lastDirection, inbound, outbound, rule } = sightings;
  if (before === undefined) return { firstSeen, lastSeen, lastDirection, inbound, outbound, rule };
  const isLater = lastSeen >= before.lastSeen;
  return {
    firstSeen: Math.min(before.firstSeen, firstSeen),
    lastSeen: Math.max(before.lastSeen, lastSeen),
    lastDirection: isLater ? lastDirection : before.lastDirection,
    inbound: before.inbound + inbound,
    outbound: before.outbound + outbound,
    rule: isLater ? rule : before.rule,
  };
}
