// Chooses the adapter for a database and opens it.

import { formatDatabase } from '../options/database.js';
import { findKind } from '../options/find-kind.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { isMade } from '../store/is-made.js';
import type { SqliteOptions } from '../store/sqlite-store.js';
import { type Store, StoreError } from '../store/store.js';
import type { RecordSink } from '../store/transfer.js';
import type { WorkerStore } from '../store/worker-store.js';
import type { SpamdReports } from './open-spamd-db.js';

/** A daemon's batches are small, and it runs for months. */
const LIVE_CACHE_KIB = 8192;

/** What the settings say of a database. */
export type DatabaseSettings = Pick<
  Settings,
  'database' | 'sightings-database' | 'busy-timeout' | 'whiteexp' | 'user'
>;

/** What a database is opened for. */
export interface OpenOptions {
  /** Only to be read; it must exist. */
  readonly isReadOnly?: boolean;
  /** Make it when it does not exist. */
  readonly canCreate?: boolean;
  /** How long to wait for another program's lock while it is opened; `--busy-timeout`, if that is shorter or this absent. */
  readonly patienceMs?: number;
  /** Memory for SQLite's pages, in KiB. */
  readonly cacheKib?: number;
}

/** Opens a database for commands that do nothing beside: SQLite's on this thread. @throws {StoreError} */
export async function openDatabase(
  settings: DatabaseSettings,
  options: OpenOptions,
  reports: SpamdReports,
): Promise<Store & RecordSink> {
  const database = databaseOf(settings);
  if (database.kind === 'spamd') {
    const { openSpamd } = await import('./open-spamd-db.js');
    return openSpamd(database, settings, options, reports);
  }
  try {
    const { SqliteStore } = await import('../store/sqlite-store.js');
    return new SqliteStore(database.path, sqliteOptions(settings, options));
  } catch (cause) {
    if (cause instanceof StoreError) throw withHint(cause, database.path);
    const name = formatDatabase(database);
    throw new StoreError('failed', `Cannot load better-sqlite3, which opens "${name}": ${firstLine(cause)}`, {
      cause,
    });
  }
}

/**
 * Opens a database for those that must not wait for a lock or a disk.
 * @param signal breaks off the waiting for a lock, which then has failed
 * @throws {StoreError}
 */
export async function openLiveDatabase(
  settings: DatabaseSettings,
  options: OpenOptions,
  reports: SpamdReports,
  signal?: AbortSignal,
): Promise<Store> {
  const database = databaseOf(settings);
  const live = { ...options, cacheKib: LIVE_CACHE_KIB };
  if (database.kind === 'spamd') {
    const { openSpamd } = await import('./open-spamd-db.js');
    return openSpamd(database, settings, live, reports, signal);
  }
  const { WorkerStore } = await import('../store/worker-store.js');
  const store = WorkerStore.start(database.path, sqliteOptions(settings, live));
  await store.opened(signal);
  return store;
}

/** What starts opening an SQLite database on a thread of its own, for a large first batch. */
export async function sqliteStarter(
  settings: DatabaseSettings,
  options: OpenOptions,
): Promise<() => WorkerStore> {
  const { WorkerStore } = await import('../store/worker-store.js');
  const bulk = { ...sqliteOptions(settings, options), logsLater: true };
  return () => WorkerStore.start(databaseOf(settings).path, bulk);
}

/** What a replay would find in the database, to be changed in memory alone; nothing, where it would make one. @throws {StoreError} */
export async function openDryDatabase(
  settings: DatabaseSettings,
  now: number,
  reports: SpamdReports,
): Promise<Store> {
  const database = databaseOf(settings);
  const { MemoryStore } = await import('../store/memory-store.js');
  // spamd's is never made.
  if (database.kind !== 'spamd' && !isMade(database.path)) return new MemoryStore();
  const base = await openDatabase(settings, { isReadOnly: true }, reports);
  if (database.kind !== 'spamd') return new MemoryStore(base);
  const { copyToMemory } = await import('../store/spamd-db/copy-to-memory.js');
  try {
    return await copyToMemory(base, { now, whiteexpSeconds: settings.whiteexp * 3600 });
  } finally {
    await base.close();
  }
}

/** Somebody who names spamd's database by its path alone is told how it is named. */
function withHint(error: StoreError, path: string): StoreError {
  if (error.code !== 'not-ours' || findKind(path) !== 'spamd') return error;
  const text = `Cannot open store "${path}": it is a database of spamd's: name it as spamd:${path}`;
  return new StoreError('not-ours', text, { cause: error });
}

function sqliteOptions(settings: DatabaseSettings, { patienceMs, ...options }: OpenOptions): SqliteOptions {
  const busyTimeoutMs = settings['busy-timeout'] * 1000;
  const openTimeoutMs = Math.min(patienceMs ?? busyTimeoutMs, busyTimeoutMs);
  return { ...options, busyTimeoutMs, openTimeoutMs };
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
