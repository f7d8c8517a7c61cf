// Why the file that a database is to be copied to cannot be made.

import { folderFor, isPathMissing, noFolder } from './no-folder.js';
import { StoreError } from './store.js';
import { systemError } from './system-errors.js';

/** The error of making a backup that must not be there yet. */
export function backupProblem(path: string, cause: unknown): StoreError {
  if (isPathMissing(cause)) return noFolder('make backup', path, folderFor(path), cause);
  if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') return systemError('make backup', path, cause);
  return new StoreError('failed', `Cannot make backup "${path}": it is there already`, { cause });
}
