// Where a pipeline's sightings go: tallied here, or on the thread that holds the database.

import type { BatchResult, Store } from '../store/store.js';
import type { Batch, LogRule } from '../whitelist/batch.js';
import { PartitionedTally } from '../whitelist/partitioned-tally.js';

/** A batch that was written, and what became of its rows. */
export interface Written {
  readonly batch: Batch;
  readonly result: BatchResult;
}

/** Takes sightings in, and writes them to a store when told. */
export interface SightingSink {
  /** Where it writes to. */
  readonly store: Store;
  /** Takes in a block of sightings as `Tally.add` does. A promise means: wait before you bring more. */
  add(words: Int32Array, end: number): Promise<void> | undefined;
  /** Writes all that was added since the last time; `rules` are those that the origins number. @throws {StoreError} */
  commit(rules: readonly LogRule[]): Promise<Written>;
  /** Closes the store. */
  close(): Promise<void>;
}

/** Tallies on this thread. */
export class LocalSink implements SightingSink {
  readonly store: Store;
  readonly #tally: PartitionedTally;
  readonly #whiteexpSeconds: number;

  constructor(store: Store, whiteexpSeconds: number) {
    this.#tally = new PartitionedTally(whiteexpSeconds);
    this.store = store;
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  add(words: Int32Array, end: number): undefined {
    this.#tally.add(words, end);
  }

  async commit(rules: readonly LogRule[]): Promise<Written> {
    const batch = this.#tally.take(rules);
    return { batch, result: await this.store.applyBatch(batch, this.#whiteexpSeconds) };
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
