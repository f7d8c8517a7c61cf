// An SQLite database in a worker thread, seen from the thread that must not wait.

import { Worker } from 'node:worker_threads';
import type { Prefix } from '../address/prefix.js';
import { Batch, type LogRule } from '../whitelist/batch.js';
import type { Entry } from '../whitelist/entry.js';
import { BatchAreas, copyResult } from './batch-area.js';
import type { SqliteOptions } from './sqlite-options.js';
import type {
  AddressRecord,
  AddressStatement,
  BatchResult,
  ListOptions,
  Store,
  StoreRecord,
  SyncResult,
  TupleRecord,
} from './store.js';
import { WorkerCalls } from './worker-calls.js';
import type { Committed, CursorPage, PlainMethod, Request, StoreSetup } from './worker-protocol.js';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A {@link Store} whose calls return at once and are carried out one after the other. */
export class WorkerStore implements Store {
  readonly #calls: WorkerCalls<Request>;
  readonly #isAbandoned = new Int32Array(new SharedArrayBuffer(4));
  readonly #areas = new BatchAreas();
  #lastCursor = 0;
  #closed: Promise<void> | undefined;

  private constructor(path: string, options: SqliteOptions) {
    const workerData: StoreSetup = { path, options, isAbandoned: this.#isAbandoned };
    const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), { workerData });
    this.#calls = new WorkerCalls(worker, path);
  }

  /**
   * Starts opening a database; what is asked of it meanwhile waits. {@link opened} tells whether it could be opened.
   */
  static start(path: string, options: SqliteOptions): WorkerStore {
    return new WorkerStore(path, options);
  }

  /**
   * Fulfilled when the database is open, or when `signal` was aborted meanwhile and the thread has given up.
   * @throws {StoreError}
   */
  async opened(signal?: AbortSignal): Promise<void> {
    const abandon = (): void => {
      this.#isAbandoned[0] = 1;
    };
    if (signal?.aborted) abandon();
    signal?.addEventListener('abort', abandon);
    try {
      await this.#calls.opened();
    } finally {
      signal?.removeEventListener('abort', abandon);
    }
  }

  get isDead(): boolean {
    return this.#calls.hasEnded;
  }

  #ask<T>(request: WithoutId<Request>): Promise<T> {
    return this.#calls.ask(request);
  }

  #call<T>(method: PlainMethod, ...args: unknown[]): Promise<T> {
    return this.#ask<T>({ method, args });
  }

  applyBatch(batch: Batch, whiteexpSeconds: number): Promise<BatchResult> {
    return this.#areas.lend(batch, async (words, result) => {
      const { rules } = batch;
      await this.#ask({ method: 'applyBatch', words, rules, whiteexpSeconds, result });
      return copyResult(result);
    });
  }

  /**
   * Tallies the sightings of a block that ends before word `end` on the worker's thread, as `Tally.add` does; {@link commitTally}
   * writes them. Words in shared memory are not copied: they are not to be changed until this is done.
   */
  async tally(words: Int32Array, end: number, whiteexpSeconds: number): Promise<void> {
    await this.#ask({ method: 'tally', words, end, whiteexpSeconds });
  }

  /**
   * Applies what was tallied, as {@link applyBatch} does; gives the batch, too. When it fails, nothing is lost: called
   * again with the same rules it writes the same batch, and leaves what was tallied meanwhile for the next one.
   */
  async commitTally(
    rules: readonly LogRule[],
    whiteexpSeconds: number,
  ): Promise<{ readonly batch: Batch; readonly result: BatchResult }> {
    const { words, result } = await this.#ask<Committed>({ method: 'commit', rules, whiteexpSeconds });
    return { batch: new Batch(words, rules), result };
  }

  applySync(
    statements: readonly AddressStatement[],
    now: number,
    whiteexpSeconds: number,
  ): Promise<readonly SyncResult[]> {
    return this.#call('applySync', statements, now, whiteexpSeconds);
  }

  get(address: string): Promise<Entry | undefined> {
    return this.#call('get', address);
  }

  find(prefix: Prefix): AsyncGenerator<AddressRecord | TupleRecord> {
    return this.#records(cursor => ({ method: 'find', cursor, prefix }));
  }

  list(options: ListOptions): AsyncGenerator<StoreRecord> {
    return this.#records(cursor => ({ method: 'list', cursor, options }));
  }

  async *#records<T extends StoreRecord>(begin: (cursor: number) => WithoutId<Request>): AsyncGenerator<T> {
    const cursor = ++this.#lastCursor;
    await this.#ask(begin(cursor));
    try {
      for (;;) {
        const page = await this.#ask<CursorPage>({ method: 'next', cursor });
        if (page.length === 0) return;
        yield* page as readonly T[];
      }
    } finally {
      await this.#ask({ method: 'endCursor', cursor });
    }
  }

  add(address: string, now: number, whiteexpSeconds: number): Promise<Entry> {
    return this.#call('add', address, now, whiteexpSeconds);
  }

  trap(address: string, now: number, trapexpSeconds: number): Promise<Entry> {
    return this.#call('trap', address, now, trapexpSeconds);
  }

  delete(address: string): Promise<boolean> {
    return this.#call('delete', address);
  }

  expireWhite(now: number, limit?: number): Promise<string[]> {
    return this.#call('expireWhite', now, limit);
  }

  countWhite(now: number): Promise<number> {
    return this.#call('countWhite', now);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  /** A database that could not be opened, or whose thread has died, needs no closing; whoever asked was told. */
  async #end(): Promise<void> {
    if (await this.#calls.isOpen()) await this.#call('close');
  }
}
