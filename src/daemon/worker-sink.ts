// Tallies on the thread that holds the database, while this one decodes.

import type { WorkerStore } from '../store/worker-store.js';
import type { LogRule } from '../whitelist/batch.js';
import type { SightingSink, Written } from './sighting-sink.js';

/** Blocks under way at most; beyond that the reader waits. So many come together while the thread starts. */
const UNDER_WAY = 64;

/** Sends blocks to a {@link WorkerStore}, in a few buffers that go to and fro. */
export class WorkerSink implements SightingSink {
  readonly #store: WorkerStore;
  readonly #whiteexpSeconds: number;
  readonly #free: Int32Array<ArrayBuffer>[] = [];
  #last: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(store: WorkerStore, whiteexpSeconds: number) {
    this.#store = store;
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  add(words: Int32Array, end: number): Promise<void> | undefined {
    const block = this.#free.pop() ?? new Int32Array(words.length);
    block.set(words);
    this.#underWay++;
    this.#last = this.#store.tally(block, end, this.#whiteexpSeconds).then(returned => {
      this.#free.push(returned);
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
