// A batch and what becomes of it, in memory that two threads share. A copy of every batch in the other thread's heap
// would be garbage that V8 lets lie until there are 64 MB of it.

import { type Batch, FIELD } from '../whitelist/batch.js';
import type { BatchResult } from './store.js';

/** The least rows that there is room for, as many as a live batch of SQLite's has, and the most that are kept room for. */
const LEAST_ROWS = 5000;
const MOST_ROWS = 40_000;

const EXPIRE_BYTES = Float64Array.BYTES_PER_ELEMENT;
const WORDS_BYTES = FIELD.stride * Uint32Array.BYTES_PER_ELEMENT;
const ROW_BYTES = EXPIRE_BYTES + WORDS_BYTES + 1;

/** One asker's shared memory, which is used again for every batch. */
export class BatchAreas {
  #spare: SharedArrayBuffer | undefined;

  /**
   * Lends a batch's words, and room for what becomes of it; whoever posts them to a thread posts no copy. Both are used
   * again when the promise that `use` gives has settled.
   */
  async lend<T>(
    { words, length: rows }: Batch,
    use: (words: Uint32Array, result: BatchResult) => Promise<T>,
  ): Promise<T> {
    const memory = this.#take(rows);
    const shared = new Uint32Array(memory, rows * EXPIRE_BYTES, words.length);
    shared.set(words);
    const expires = new Float64Array(memory, 0, rows);
    const outcomes = new Uint8Array(memory, rows * (EXPIRE_BYTES + WORDS_BYTES), rows);
    try {
      return await use(shared, { outcomes, expires });
    } finally {
      if (memory.byteLength <= MOST_ROWS * ROW_BYTES) this.#spare = memory;
    }
  }

  #take(rows: number): SharedArrayBuffer {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && spare.byteLength >= rows * ROW_BYTES) return spare;
    let room = LEAST_ROWS;
    while (room < rows) room *= 2;
    return new SharedArrayBuffer(room * ROW_BYTES);
  }
}

/** A result of its own, out of memory that will be used again. */
export function copyResult({ outcomes, expires }: BatchResult): BatchResult {
  return { outcomes: outcomes.slice(), expires: expires.slice() };
}
