// What passes between a worker thread that holds an SQLite database and the thread that asks it.

import type { LogRule } from '../whitelist/batch.js';
import type { SqliteOptions } from './sqlite-options.js';
import type { BatchResult, ListOptions, Store, StoreErrorCode, StoreRecord } from './store.js';

/** What the worker is started with. */
export interface WorkerSetup {
  readonly path: string;
  readonly options: SqliteOptions;
}

/** What the worker of a whitelist is started with. */
export interface StoreSetup extends WorkerSetup {
  /** Its word becomes 1 when nobody waits for the database to be opened any more. */
  readonly isAbandoned: Int32Array;
}

/** Methods whose arguments and results are passed as they are. */
export type PlainMethod =
  | 'add'
  | 'trap'
  | 'delete'
  | 'applySync'
  | 'get'
  | 'expireWhite'
  | 'countWhite'
  | 'close';

/** A question; `id` comes back with the answer. */
export type Request = { readonly id: number } & (
  | { readonly method: PlainMethod; readonly args: unknown[] }
  | {
      readonly method: 'applyBatch';
      readonly words: Uint32Array;
      readonly rules: readonly LogRule[];
      readonly whiteexpSeconds: number;
      /** Where the answer is written to. */
      readonly result: BatchResult;
    }
  | {
      readonly method: 'tally';
      readonly words: Int32Array;
      readonly end: number;
      readonly whiteexpSeconds: number;
    }
  | { readonly method: 'commit'; readonly rules: readonly LogRule[]; readonly whiteexpSeconds: number }
  | { readonly method: 'list'; readonly cursor: number; readonly options: ListOptions }
  | { readonly method: 'find'; readonly cursor: number; readonly prefix: Parameters<Store['find']>[0] }
  | { readonly method: 'next' | 'endCursor'; readonly cursor: number }
);

/** What `commit` answers. */
export interface Committed {
  readonly words: Uint32Array;
  readonly result: BatchResult;
}

/** What `next` answers: no records when there are no more. */
export type CursorPage = readonly StoreRecord[];

/** An answer. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: StoreErrorCode; readonly message: string } };
