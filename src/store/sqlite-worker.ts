// The worker thread that holds an SQLite database: waiting for a lock or a disk here stops nobody else.

import { workerData } from 'node:worker_threads';
import { Batch } from '../whitelist/batch.js';
import { PartitionedTally } from '../whitelist/partitioned-tally.js';
import { DEFAULT_BUSY_TIMEOUT_MS } from './sqlite-open.js';
import { SqliteStore } from './sqlite-store.js';
import { StoreError, type StoreRecord } from './store.js';
import { serve } from './worker-port.js';
import type { Committed, Request, StoreSetup } from './worker-protocol.js';

const PAGE = 1000;

/** How long SQLite waits for a lock at a time while the database is opened: that cannot be broken off. */
const LOCK_WAIT_MS = 100;

const cursors = new Map<number, AsyncIterator<StoreRecord>>();
let tally: PartitionedTally | undefined;
/** Taken out of the tally, and not written yet: kept until it is. */
let unwritten: Batch | undefined;

async function answer(opened: SqliteStore, request: Request): Promise<unknown> {
  switch (request.method) {
    case 'applyBatch': {
      const { words, rules, whiteexpSeconds, result } = request;
      await opened.applyBatch(new Batch(words, rules), whiteexpSeconds, result);
      return null;
    }
    case 'tally':
      tally ??= new PartitionedTally(request.whiteexpSeconds);
      tally.add(request.words, request.end);
      return null;
    case 'commit': {
      unwritten ??= (tally ?? new PartitionedTally(request.whiteexpSeconds)).take(request.rules);
      const { words } = unwritten;
      const result = await opened.applyBatch(unwritten, request.whiteexpSeconds);
      unwritten = undefined;
      return { words, result } satisfies Committed;
    }
    case 'list':
      cursors.set(request.cursor, opened.list(request.options)[Symbol.asyncIterator]());
      return null;
    case 'find':
      cursors.set(request.cursor, opened.find(request.prefix)[Symbol.asyncIterator]());
      return null;
    case 'next':
      return nextPage(cursors.get(request.cursor)!);
    case 'endCursor':
      await cursors.get(request.cursor)?.return?.();
      return cursors.delete(request.cursor);
    default:
      return (opened[request.method] as (...args: unknown[]) => Promise<unknown>)(...request.args);
  }
}

async function nextPage(cursor: AsyncIterator<StoreRecord>): Promise<StoreRecord[]> {
  const page: StoreRecord[] = [];
  while (page.length < PAGE) {
    const { done, value } = await cursor.next();
    if (done) break;
    page.push(value);
  }
  return page;
}

function transfer({ method }: Request, value: unknown): ArrayBuffer[] {
  return method === 'commit' ? [(value as Committed).words.buffer as ArrayBuffer] : [];
}

const { path, options, isAbandoned } = workerData as StoreSetup;

/** Waits for locks as long as the options say, or until nobody waits for it. @throws {StoreError} */
function open(): SqliteStore {
  const { busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS, openTimeoutMs = busyTimeoutMs } = options;
  const end = performance.now() + openTimeoutMs;
  for (;;) {
    const left = Math.max(0, Math.floor(end - performance.now()));
    try {
      return new SqliteStore(path, { ...options, openTimeoutMs: Math.min(left, LOCK_WAIT_MS) });
    } catch (error) {
      const isLocked = error instanceof StoreError && error.code === 'busy';
      if (!isLocked || left <= LOCK_WAIT_MS || Atomics.load(isAbandoned, 0) === 1) throw error;
    }
  }
}

serve<SqliteStore, Request>({ open, answer, transfer });
