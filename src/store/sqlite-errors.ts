// SQLite's errors as ours: a code, and a sentence that names the database.

import { StoreError, type StoreErrorCode } from './store.js';

/** The first that fits counts. The codes are SQLite's and those of system calls. */
const BY_CODE: readonly (readonly [prefix: string, code: StoreErrorCode, reason: string])[] = [
  ['SQLITE_BUSY', 'busy', 'it is locked by another program'],
  ['SQLITE_LOCKED', 'busy', 'it is locked by another program'],
  ['SQLITE_NOTADB', 'not-ours', 'it is not an SQLite database'],
  ['SQLITE_CORRUPT', 'corrupt', 'it is damaged'],
  ['SQLITE_READONLY_DIRECTORY', 'permission', 'its folder cannot be written to'],
  ['SQLITE_READONLY_ROLLBACK', 'permission', 'a writer was cut short; open it with permission to write'],
  ['SQLITE_READONLY', 'read-only', 'it cannot be written to'],
  ['SQLITE_FULL', 'full', 'the disk is full'],
  // The index of a write-ahead log could not be made as long as it has to be.
  ['SQLITE_IOERR_SHMSIZE', 'full', 'the disk is full'],
  ['SQLITE_IOERR', 'io', 'disk I/O error'],
  ['SQLITE_CANTOPEN', 'failed', 'SQLite cannot open it, or a file that it needs beside it'],
  ['SQLITE_PERM', 'permission', 'permission denied'],
  ['SQLITE_AUTH', 'permission', 'permission denied'],
  ['ENOENT', 'missing', 'no such folder'],
  ['ELOOP', 'missing', 'its symbolic link leads nowhere'],
  ['ENOTDIR', 'missing', 'a part of its path is no folder'],
  ['EACCES', 'permission', 'permission denied'],
  ['EPERM', 'permission', 'permission denied'],
  ['EROFS', 'read-only', 'the file system is read-only'],
  ['ENOSPC', 'full', 'the disk is full'],
];

/** The {@link StoreError} of whatever a call into SQLite threw; `verb` is what was tried, as in `open`. */
export function sqliteError(verb: string, name: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code = '', message } = cause as Error & { code?: string };
  const known = BY_CODE.find(([prefix]) => code.startsWith(prefix));
  const [, storeCode, reason] = known ?? [code, 'failed', message];
  return new StoreError(storeCode as StoreErrorCode, `Cannot ${verb} store ${name}: ${reason}`, { cause });
}
