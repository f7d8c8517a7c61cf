// A dry run of records put into a database: what becomes of each, as if those before it had been put in.

import { canonicalAddress } from '../address/address.js';
import type { Store, StoreRecord } from './store.js';
import { mergeRecord, type PutOutcome, type RecordSink } from './transfer.js';

/** A record as a database keeps it, in lower case for one; undefined for what it does not hold. */
export type StoredForm = (record: StoreRecord) => StoreRecord | undefined;

/** What a dry run asks a database. */
export type AskedDatabase = RecordSink & Pick<Store, 'get'>;

/** A database that is not there yet. */
export function absentDatabase(storedForm: StoredForm): AskedDatabase {
  return {
    get: async () => undefined,
    put: async (records, now) =>
      records.map(record =>
        storedForm(record) ? mergeRecord(undefined, record, now).outcome : 'unsupported',
      ),
  };
}

/** Puts nothing into a database, and remembers what would have been changed in it, some 300 bytes a record. */
export class DryRun implements RecordSink {
  readonly #database: AskedDatabase;
  readonly #storedForm: StoredForm;
  /** What would be there now. */
  readonly #changed = new Map<string, StoreRecord>();
  /** What was merged once: most records never come again, and are not looked up. */
  readonly #merged = new Map<string, StoreRecord>();

  constructor(database: AskedDatabase, storedForm: StoredForm) {
    this.#database = database;
    this.#storedForm = storedForm;
  }

  async put(records: readonly StoreRecord[], now: number): Promise<PutOutcome[]> {
    const outcomes: PutOutcome[] = [];
    /** Records whose keys differ, to be asked about together. */
    let pending = new Map<string, StoreRecord>();
    const settle = async (): Promise<void> => {
      const answers = (await this.#database.put([...pending.values()], now, true)).values();
      for (const [key, record] of pending) {
        const outcome = answers.next().value!;
        outcomes.push(outcome);
        if (outcome === 'added') this.#changed.set(key, record);
        else if (outcome === 'merged') this.#merged.set(key, record);
      }
      pending = new Map();
    };
    for (const record of records) {
      const key = keyOf(this.#storedForm(record) ?? record);
      const isKnown = (): boolean => this.#changed.has(key) || this.#merged.has(key);
      if (pending.has(key) || isKnown()) await settle();
      if (isKnown()) outcomes.push(await this.#repeat(key, record, now));
      else pending.set(key, record);
    }
    await settle();
    return outcomes;
  }

  /** What becomes of a record under a key of which one was added or merged before. */
  async #repeat(key: string, record: StoreRecord, now: number): Promise<PutOutcome> {
    const first = this.#merged.get(key);
    if (first !== undefined) {
      const entry = await this.#database.get(this.#storedForm(first)!.address);
      const before = entry && ({ ...first, entry } as StoreRecord);
      this.#changed.set(key, mergeRecord(before, first, now).record ?? first);
      this.#merged.delete(key);
    }
    const merged = mergeRecord(this.#changed.get(key), record, now);
    if (merged.record) this.#changed.set(key, merged.record);
    return merged.outcome;
  }
}

function keyOf(record: StoreRecord): string {
  const address = canonicalAddress(record.address) ?? record.address;
  if (record.kind !== 'tuple') return address;
  return [address, record.helo, record.from, record.to].join('\n');
}
