// What is told of a file that cannot be made, since the folder for it is not there.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './store.js';

/** Whether a system call found no such path. */
export function isPathMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * The error of a file that cannot be made.
 * @param task what was tried, as in `create store "/var/db/spamd"`
 * @param folder what would have to be there
 */
export function noFolder(task: string, folder: string, cause?: unknown): StoreError {
  return new StoreError('no-folder', `Cannot ${task}: ${folderProblem(folder)}`, { cause });
}

function folderProblem(folder: string): string {
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    if (isOtherThanFolder(path)) return `"${path}" is no folder`;
  }
  return `the folder "${folder}" is not there`;
}

function isOtherThanFolder(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}
