// Opens an SQLite file as a store: makes it where that is asked for, and refuses what is not ours without touching it.

import { accessSync, constants, mkdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { folderFor, isLink, isPathMissing, noFolder } from './no-folder.js';
import { sqliteError } from './sqlite-errors.js';
import type { SqliteOptions } from './sqlite-options.js';
import { isEmpty, type Schema, WHITELIST_SCHEMA } from './sqlite-schema.js';
import { StoreError } from './store.js';

/** Required, not imported: Node.js would read the package twice, for the names that it exports. That is felt in `query`. */
const Database = createRequire(import.meta.url)('better-sqlite3') as typeof BetterSqlite3;

/** Room for a large batch: pages that do not fit are written twice. */
const BATCH_CACHE_KIB = 32_768;

/** As long as greyd may hold its lock several times over. */
export const DEFAULT_BUSY_TIMEOUT_MS = 30_000;

/** Opens a database, which then has the tables of a schema, or can do without while it is only read. @throws {StoreError} */
export function openSqlite(
  path: string,
  options: SqliteOptions = {},
  schema: Schema = WHITELIST_SCHEMA,
): BetterSqlite3.Database {
  const { isReadOnly = false, canCreate = false, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options;
  const timeout = options.openTimeoutMs ?? busyTimeoutMs;
  const name = `"${path}"`;
  let verb = 'open';
  let db: BetterSqlite3.Database | undefined;
  try {
    const file = findFile(path, name, canCreate && !isReadOnly);
    if (file === undefined) {
      if (!canCreate || isReadOnly)
        throw new StoreError('missing', `Cannot open store ${name}: no such file`);
      verb = 'create';
      makeFolder(path);
    } else {
      checkAccess(file, name, isReadOnly);
      refuseStranger(file, name, timeout, schema);
    }
    // Never `readonly`, not even to read: such a connection leaves files behind beside a write-ahead logged database.
    // Always absolute: SQLite takes '' and ':memory:' for databases that are gone when they are closed.
    db = new Database(file ?? resolve(path), { fileMustExist: file !== undefined, timeout });
    prepare(db, name, options, schema);
    if (timeout !== busyTimeoutMs) db.pragma(`busy_timeout = ${busyTimeoutMs}`);
    return db;
  } catch (cause) {
    db?.close();
    if (verb === 'create' && isLink(path) && (cause as { code?: string }).code === 'SQLITE_CANTOPEN')
      throw noFolder('create store', path, folderFor(path), cause);
    throw (isReadOnly && readOnlyMedium(path, name, cause)) || sqliteError(verb, name, cause);
  }
}

/**
 * A write-ahead logged database needs two more files even to be read. Where they cannot be made SQLite would open it as
 * `immutable`, but takes that from URIs only, and better-sqlite3 is built without them.
 */
function readOnlyMedium(path: string, name: string, cause: unknown): StoreError | undefined {
  if (!/^SQLITE_(CANTOPEN|READONLY)/.test((cause as { code?: string }).code ?? '')) return undefined;
  try {
    accessSync(dirname(realpathSync(path)), constants.W_OK);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') return undefined;
    const why =
      'it has a write-ahead log, and its file system is read-only: copy it to one that can be written to';
    return new StoreError('read-only', `Cannot open store ${name}: ${why}`, { cause });
  }
}

/** The file's own path, links followed; undefined when it is not there. */
function findFile(path: string, name: string, canCreate: boolean): string | undefined {
  const stats = statOf(path, canCreate);
  if (stats === undefined) return undefined;
  if (stats.isFile()) return realpathSync(path);
  if (stats.isDirectory()) throw new StoreError('missing', `Cannot open store ${name}: it is a folder`);
  throw new StoreError('not-ours', `Cannot open store ${name}: it is not a file`);
}

/** Where the path leads through a file, whoever would make something there is told by {@link makeFolder}. */
function statOf(path: string, canCreate: boolean): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (canCreate && isPathMissing(error)) return undefined;
    throw error;
  }
}

/** Only the last folder is made, as greyd makes its own: a mistyped path stays an error. */
function makeFolder(path: string): void {
  const folder = folderFor(path);
  const stats = statOf(folder, true);
  if (path.endsWith('/') || stats?.isDirectory() === false) throw noFolder('create store', path, folder);
  try {
    if (stats === undefined) mkdirSync(folder, { mode: 0o755 });
  } catch (cause) {
    if (isPathMissing(cause)) throw noFolder('create store', path, dirname(folder), cause);
    throw cause;
  }
  accessSync(folder, constants.W_OK);
}

/** What SQLite would tell later, or only as "unable to open". */
function checkAccess(file: string, name: string, isReadOnly: boolean): void {
  accessSync(file, constants.R_OK);
  if (isReadOnly) return;
  if (!isWritable(file)) {
    throw new StoreError('read-only', `Cannot open store ${name}: it cannot be written to`);
  }
  if (!isWritable(dirname(file))) {
    throw new StoreError('permission', `Cannot open store ${name}: its folder cannot be written to`);
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where a log or a journal holds work that its writer has not finished, SQLite would finish it on the first occasion:
 * so whose database it is, is looked up by a connection that cannot.
 */
function refuseStranger(file: string, name: string, timeout: number, schema: Schema): void {
  if (!['-wal', '-journal'].some(suffix => sizeOf(file + suffix) > 0)) return;
  let db: BetterSqlite3.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout });
    if (!isEmpty(db)) schema.check(db, name);
  } catch (error) {
    // Some work has to be finished before anybody can read.
    if (!String((error as { code?: string }).code).startsWith('SQLITE_READONLY')) throw error;
  } finally {
    db?.close();
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function prepare(
  db: BetterSqlite3.Database,
  name: string,
  { isReadOnly = false, logsLater = false, cacheKib = BATCH_CACHE_KIB }: SqliteOptions,
  schema: Schema,
): void {
  if (isReadOnly) {
    schema.check(db, name);
    return;
  }
  // Every commit reaches the disk: what a batch reported as written survives a power failure.
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${cacheKib}`);
  schema.ensure(db, name, logsLater);
}
