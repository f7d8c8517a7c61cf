// The worker thread that holds an SQLite database: waiting for a lock or a disk here stops nobody else.

import { workerData } from 'node:worker_threads';
import { Batch } from '../whitelist/batch.js';
import { PartitionedTally } from '../whitelist/partitioned-tally.js';
import { SqliteStore } from './sqlite-store.js';
import type { StoreRecord } from './store.js';
import { serve } from './worker-port.js';
import type { Committed, Request, WorkerSetup } from './worker-protocol.js';

const PAGE = 1000;

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
      return request.words;
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
  if (method === 'tally') return [(value as Int32Array<ArrayBuffer>).buffer];
  return method === 'commit' ? [(value as Committed).words.buffer as ArrayBuffer] : [];
}

const { path, options } = workerData as WorkerSetup;
serve<SqliteStore, Request>({ open: () => new SqliteStore(path, options), answer, transfer });
