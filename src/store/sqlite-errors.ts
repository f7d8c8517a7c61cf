// SQLite's errors as ours: a code, and a sentence that names the database.

import { StoreError, type StoreErrorCode } from './store.js';

const BY_CODE: readonly (readonly [prefix: string, code: StoreErrorCode, reason: string])[] = [
  ['SQLITE_BUSY', 'busy', 'it is locked by another program'],
  ['SQLITE_LOCKED', 'busy', 'it is locked by another program'],
  ['SQLITE_NOTADB', 'not-ours', 'it is not an SQLite database'],
  ['SQLITE_CORRUPT', 'corrupt', 'it is damaged'],
  ['SQLITE_READONLY', 'read-only', 'it cannot be written to'],
  ['SQLITE_FULL', 'full', 'the disk is full'],
  ['SQLITE_PERM', 'permission', 'permission denied'],
  ['SQLITE_AUTH', 'permission', 'permission denied'],
];

/** The {@link StoreError} of whatever a call into SQLite threw; `verb` is what was tried, as in `open`. */
export function sqliteError(verb: string, name: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code = '', message } = cause as Error & { code?: string };
  const known = BY_CODE.find(([prefix]) => code.startsWith(prefix));
  const [, storeCode, reason] = known ?? [code, 'failed', message];
  return new StoreError(storeCode as StoreErrorCode, `Cannot ${verb} store ${name}: ${reason}`, { cause });
}
