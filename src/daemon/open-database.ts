// Chooses the adapter for a database and opens it.

import type { SqliteOptions } from '../store/sqlite-store.js';
import { type Store, StoreError } from '../store/store.js';
import type { WorkerStore } from '../store/worker-store.js';

/** Opens a database on this thread: for commands that do nothing beside. @throws {StoreError} */
export async function openDatabase(path: string, options: SqliteOptions): Promise<Store> {
  try {
    const { SqliteStore } = await import('../store/sqlite-store.js');
    return new SqliteStore(path, options);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('failed', `Cannot load better-sqlite3, which opens "${path}": ${firstLine(cause)}`, {
      cause,
    });
  }
}

/** What starts opening a database on a thread of its own: for those that must not wait for a lock or a disk. */
export async function databaseStarter(path: string, options: SqliteOptions): Promise<() => WorkerStore> {
  const { WorkerStore } = await import('../store/worker-store.js');
  return () => WorkerStore.start(path, options);
}

/** As {@link databaseStarter}, started at once. */
export async function startDatabase(path: string, options: SqliteOptions): Promise<WorkerStore> {
  return (await databaseStarter(path, options))();
}

/** An empty database in memory, or one that puts what is changed on top of another. */
export async function memoryDatabase(base?: Store): Promise<Store> {
  const { MemoryStore } = await import('../store/memory-store.js');
  return new MemoryStore(base);
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
