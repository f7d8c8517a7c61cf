// Tallies on the thread that holds the database, while this one decodes.

import type { WorkerStore } from '../store/worker-store.js';
import type { LogRule } from '../whitelist/batch.js';
import { SIGHTING_FIELD } from '../whitelist/tally.js';
import type { SightingSink, Written } from './sighting-sink.js';

/** Blocks under way at most; beyond that the reader waits. */
const UNDER_WAY = 16;

/** Sends blocks to a {@link WorkerStore}. */
export class WorkerSink implements SightingSink {
  readonly #store: WorkerStore;
  readonly #whiteexpSeconds: number;
  #last: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(store: WorkerStore, whiteexpSeconds: number) {
    this.#store = store;
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  add(words: Int32Array, count: number): Promise<void> | undefined {
    this.#underWay++;
    const block = new Int32Array(words.subarray(0, count * SIGHTING_FIELD.stride));
    this.#last = this.#store.tally(block, this.#whiteexpSeconds).then(() => {
      this.#underWay--;
    });
    // A failure is told to whoever commits.
    this.#last.catch(() => {});
    return this.#underWay < UNDER_WAY ? undefined : this.#last;
  }

  async commit(rules: readonly LogRule[]): Promise<Written> {
    await this.#last;
    return this.#store.commitTally(rules, this.#whiteexpSeconds);
  }
}
