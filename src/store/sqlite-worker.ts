// The worker thread that holds an SQLite database: waiting for a lock or a disk here stops nobody else.

import { parentPort, workerData } from 'node:worker_threads';
import { Batch } from '../whitelist/batch.js';
import { PartitionedTally } from '../whitelist/partitioned-tally.js';
import { SqliteStore } from './sqlite-store.js';
import { StoreError, type StoreRecord } from './store.js';
import type { Committed, Reply, Request, WorkerSetup } from './worker-protocol.js';

const PAGE = 1000;

const port = parentPort!;
const cursors = new Map<number, AsyncIterator<StoreRecord>>();
let tally: PartitionedTally | undefined;
/** Taken out of the tally, and not written yet: kept until it is. */
let unwritten: Batch | undefined;

function openStore(): SqliteStore | StoreError {
  const { path, options } = workerData as WorkerSetup;
  try {
    return new SqliteStore(path, options);
  } catch (error) {
    return toStoreError(error);
  }
}

function toStoreError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('failed', String(error), { cause: error });
}

const store = openStore();
port.postMessage(
  store instanceof StoreError
    ? { id: 0, error: { code: store.code, message: store.message } }
    : { id: 0, value: null },
);
// What is posted to a closed port is lost.
if (store instanceof StoreError) port.close();

async function answer(opened: SqliteStore, request: Request): Promise<unknown> {
  switch (request.method) {
    case 'applyBatch':
      return opened.applyBatch(new Batch(request.words, request.rules), request.whiteexpSeconds);
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

if (!(store instanceof StoreError)) {
  // One request at a time, in the order in which they came: a store is one connection.
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (request: Request) => {
    turn = turn.then(async () => {
      try {
        const value = await answer(store, request);
        const transfer = buffersOf(request.method, value);
        port.postMessage({ id: request.id, value } satisfies Reply, transfer);
      } catch (error) {
        const { code, message } = toStoreError(error);
        port.postMessage({ id: request.id, error: { code, message } } satisfies Reply);
      }
      if (request.method === 'close') port.close();
    });
  });
}

/** What is given away with an answer rather than copied. */
function buffersOf(method: Request['method'], value: unknown): ArrayBuffer[] {
  if (method === 'tally') return [(value as Int32Array<ArrayBuffer>).buffer];
  return method === 'commit' ? [(value as Committed).words.buffer as ArrayBuffer] : [];
}
