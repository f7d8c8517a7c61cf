// Errors of hash files and of the system as errors of a store, which name it.

import { StoreError, type StoreErrorCode } from '../store.js';
import { HashFileError, type HashFileErrorCode } from './hash-file-error.js';

const HASH_FILE_CODES: Readonly<Record<HashFileErrorCode, StoreErrorCode>> = {
  corrupt: 'corrupt',
  full: 'full',
  'not-ours': 'not-ours',
  unsupported: 'not-ours',
};

const SYSTEM_CODES: Readonly<Record<string, StoreErrorCode>> = {
  EACCES: 'permission',
  EDQUOT: 'full',
  EFBIG: 'io',
  EIO: 'io',
  EISDIR: 'missing',
  ELOOP: 'missing',
  ENOENT: 'missing',
  ENOSPC: 'full',
  ENOTDIR: 'missing',
  EPERM: 'permission',
  EROFS: 'read-only',
};

/** The error as a {@link StoreError}; one that is already stays as it is. `task` is what was tried, as in `use store`. */
export function toStoreError(path: string, error: unknown, task: string = 'use store'): StoreError {
  if (error instanceof StoreError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const storeCode =
    error instanceof HashFileError ? HASH_FILE_CODES[error.code] : (SYSTEM_CODES[code] ?? 'failed');
  // Node's messages end with the system call and the path.
  const plain = message.replace(/, [a-z]+( '.*')?$/s, '');
  const problem = code in SYSTEM_CODES ? plain.replace(`${code}: `, '') : plain;
  return new StoreError(storeCode, `Cannot ${task} "${path}": ${problem}`, { cause: error });
}
