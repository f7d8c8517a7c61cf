// A dry run of records put into a database: what becomes of each, as if those before it had been put in.

import { canonicalAddress } from '../address/address.js';
import type { StoreRecord } from './store.js';
import { mergeRecord, type PutOutcome, type RecordSink } from './transfer.js';

/** A record as a database keeps it, in lower case for one; undefined for what it does not hold. */
export type StoredForm = (record: StoreRecord) => StoreRecord | undefined;

/** A database that is not there yet. */
export function absentDatabase(storedForm: StoredForm): RecordSink {
  return {
    put: async (records, now) =>
      records.map(record =>
        storedForm(record) ? mergeRecord(undefined, record, now).outcome : 'unsupported',
      ),
  };
}

/** Puts nothing into a database, and remembers what would have been added to it, some 300 bytes a record. */
export class DryRun implements RecordSink {
  readonly #database: RecordSink;
  readonly #storedForm: StoredForm;
  readonly #added = new Map<string, StoreRecord>();

  constructor(database: RecordSink, storedForm: StoredForm) {
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
        if (outcome === 'added') this.#added.set(key, record);
      }
      pending = new Map();
    };
    for (const record of records) {
      const key = keyOf(this.#storedForm(record) ?? record);
      const isKnown = (): boolean => this.#added.has(key);
      if (pending.has(key) || isKnown()) await settle();
      if (isKnown()) outcomes.push(this.#repeat(key, record, now));
      else pending.set(key, record);
    }
    await settle();
    return outcomes;
  }

  /** What becomes of a record under a key for which one was added before. */
  #repeat(key: string, record: StoreRecord, now: number): PutOutcome {
    const merged = mergeRecord(this.#added.get(key), record, now);
    if (merged.record) this.#added.set(key, merged.record);
    return merged.outcome;
  }
}

function keyOf(record: StoreRecord): string {
  const address = canonicalAddress(record.address) ?? record.address;
  if (record.kind !== 'tuple') return address;
  return [address, record.helo, record.from, record.to].join('\n');
}
