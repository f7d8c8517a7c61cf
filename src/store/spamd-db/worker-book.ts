// The database of sightings, seen from the thread that must not wait for it.

import { Worker } from 'node:worker_threads';
import type { Batch, LogRule } from '../../whitelist/batch.js';
import { BatchAreas } from '../batch-area.js';
import type { SqliteOptions } from '../sqlite-options.js';
import type { Sighting } from '../store.js';
import { WorkerCalls } from '../worker-calls.js';
import type { WorkerSetup } from '../worker-protocol.js';
import type { SeenAddress, SightingsBook } from './sightings-book.js';

/** Rows of a transaction: a larger one takes more memory, and is not done sooner. */
const ROWS_AT_ONCE = 5000;

/** A question to the thread. */
export type BookRequest = { readonly id: number } & (
  | { readonly method: 'apply'; readonly words: Uint32Array; readonly rules: readonly LogRule[] }
  | {
      readonly method: 'put' | 'get' | 'ipv6' | 'forget' | 'forgetBefore' | 'close';
      readonly args: readonly unknown[];
    }
);

/** A {@link SightingsBook} in a thread of its own. */
export class WorkerBook implements SightingsBook {
  readonly #calls: WorkerCalls<BookRequest>;
  readonly #areas = new BatchAreas();

  private constructor(path: string, options: SqliteOptions) {
    const workerData: WorkerSetup = { path, options };
    const worker = new Worker(new URL('./sightings-worker.js', import.meta.url), { workerData });
    this.#calls = new WorkerCalls(worker, path);
  }

  /** Opens the database at a path. @throws {StoreError} */
  static async open(path: string, options: SqliteOptions): Promise<WorkerBook> {
    const book = new WorkerBook(path, options);
    await book.#calls.opened();
    return book;
  }

  async apply(batch: Batch): Promise<void> {
    const { rules, length } = batch;
    for (let row = 0; row < length; row += ROWS_AT_ONCE) {
      const part = batch.slice(row, Math.min(row + ROWS_AT_ONCE, length));
      await this.#areas.lend(part, words => this.#calls.ask<void>({ method: 'apply', words, rules }));
    }
  }

  put(seen: readonly SeenAddress[]): Promise<void> {
    return this.#calls.ask({ method: 'put', args: [seen] });
  }

  get(addresses: readonly string[]): Promise<readonly (Sighting | undefined)[]> {
    return this.#calls.ask({ method: 'get', args: [addresses] });
  }

  ipv6(): Promise<readonly SeenAddress[]> {
    return this.#calls.ask({ method: 'ipv6', args: [] });
  }

  forget(addresses: readonly string[]): Promise<void> {
    return this.#calls.ask({ method: 'forget', args: [addresses] });
  }

  forgetBefore(time: number): Promise<void> {
    return this.#calls.ask({ method: 'forgetBefore', args: [time] });
  }

  async close(): Promise<void> {
    if (await this.#calls.isOpen()) await this.#calls.ask({ method: 'close', args: [] });
  }
}
