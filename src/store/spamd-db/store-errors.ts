// Errors of hash files and of the system as errors of a store, which name it.

import { StoreError, type StoreErrorCode } from '../store.js';
import { systemError } from '../system-errors.js';
import { HashFileError, type HashFileErrorCode } from './hash-file-error.js';

const HASH_FILE_CODES: Readonly<Record<HashFileErrorCode, StoreErrorCode>> = {
  corrupt: 'corrupt',
  full: 'full',
  'not-ours': 'not-ours',
  unsupported: 'not-ours',
};

/** The error as a {@link StoreError}; one that is already stays as it is. */
export function toStoreError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (!(error instanceof HashFileError)) return systemError('use store', path, error);
  return new StoreError(HASH_FILE_CODES[error.code], `Cannot use store "${path}": ${error.message}`, {
    cause: error,
  });
}
