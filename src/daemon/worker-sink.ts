// Tallies on the thread that holds the database, while this one decodes.

import type { WorkerStore } from '../store/worker-store.js';
import type { LogRule } from '../whitelist/batch.js';
import type { SightingSink, Written } from './sighting-sink.js';

/** Blocks under way at most; beyond that the reader waits. So many come together while the thread starts. */
const UNDER_WAY = 64;

/** Sends blocks to a {@link WorkerStore}, in memory that both threads share: to give buffers to and fro takes longer than all else here. */
export class WorkerSink implements SightingSink {
  readonly #start: () => WorkerStore;
  #store: WorkerStore | undefined;
  readonly #whiteexpSeconds: number;
  readonly #free: Int32Array[] = [];
  #last: Promise<void> = Promise.resolve();
  #underWay = 0;

  /**
   * @param start starts the thread. That is not done before there is something for it to do: it would only take the
   *   processor from the compilation of the decoder, which the beginning waits for
   */
  constructor(start: () => WorkerStore, whiteexpSeconds: number) {
    this.#start = start;
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  get store(): WorkerStore {
    this.#store ??= this.#start();
    return this.#store;
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  add(words: Int32Array, end: number): Promise<void> | undefined {
    const block = this.#free.pop() ?? new Int32Array(new SharedArrayBuffer(words.byteLength));
    block.set(words);
    this.#underWay++;
    this.#last = this.store.tally(block, end, this.#whiteexpSeconds).then(() => {
      this.#free.push(block);
      this.#underWay--;
    });
    // A failure is told to whoever commits.
    this.#last.catch(() => {});
    return this.#underWay < UNDER_WAY ? undefined : this.#last;
  }

  async commit(rules: readonly LogRule[]): Promise<Written> {
    await this.#last;
    return this.store.commitTally(rules, this.#whiteexpSeconds);
  }
}
