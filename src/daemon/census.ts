// How many entries are white, counted when somebody asks, but not so often that it would be felt.

import { setTimeout } from 'node:timers/promises';
import type { Store } from '../store/store.js';

/** Of a hundred parts of the time one at most is spent on counting for those who ask. */
const REST = 100;

/** Who asks waits so long: another program may have the database locked. */
const PATIENCE_MS = 500;

/** Counts the white entries of a database. */
export class Census {
  readonly #store: () => Store;
  readonly #clock: () => number;
  #white: number | null = null;
  #counting: Promise<void> | undefined;
  #nextMs = 0;

  /** @param clock milliseconds from any beginning */
  constructor(store: () => Store, clock: () => number = () => performance.now()) {
    this.#store = store;
    this.#clock = clock;
  }

  /** White entries when they were last counted; null before that. */
  get white(): number | null {
    return this.#white;
  }

  /** Counts. @throws {StoreError} */
  count(): Promise<void> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<void> {
    const startMs = this.#clock();
    try {
      this.#white = await this.#store().countWhite(Math.floor(Date.now() / 1000));
    } finally {
      const endMs = this.#clock();
      this.#nextMs = endMs + REST * (endMs - startMs);
    }
  }

  /** Counts unless that was done a moment ago, and gives up waiting for it soon. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#clock() < this.#nextMs) return;
    const ended = new AbortController();
    const counted = this.count().catch(() => {});
    const late = setTimeout(PATIENCE_MS, undefined, { signal: ended.signal }).catch(() => {});
    await Promise.race([counted, late]);
    ended.abort();
  }
}
