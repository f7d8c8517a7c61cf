// Errors of the system as errors of a store, which name it.

import { StoreError, type StoreErrorCode } from './store.js';

const CODES: Readonly<Record<string, StoreErrorCode>> = {
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

/** The error as a {@link StoreError}. `task` is what was tried, as in `use store`. */
export function systemError(task: string, path: string, error: unknown): StoreError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  // Node's messages end with the system call and the path.
  const plain = message.replace(/, [a-z]+( '.*')?$/s, '');
  const problem = code in CODES ? plain.replace(`${code}: `, '') : plain;
  return new StoreError(CODES[code] ?? 'failed', `Cannot ${task} "${path}": ${problem}`, { cause: error });
}
