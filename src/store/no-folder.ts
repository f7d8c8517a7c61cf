// What is told of a file that cannot be made, since the folder for it is not there.

import { lstatSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreError } from './store.js';

/** Whether a system call found nothing at a path, nor could have. */
export function isPathMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether there is a symbolic link at a path, wherever it leads. */
export function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** The folder that a file would be made in; a path that ends in a slash is that of a folder already. */
export function folderFor(path: string): string {
  return path.endsWith('/') ? resolve(path) : dirname(resolve(path));
}

/**
 * The error of a file that cannot be made.
 * @param task what was tried, as in `create store`
 * @param folder what would have to be there
 */
export function noFolder(task: string, path: string, folder: string, cause?: unknown): StoreError {
  const problem =
    isFolder(folder) && isLink(path) ? 'it is a symbolic link that leads nowhere' : folderProblem(folder);
  return new StoreError('no-folder', `Cannot ${task} "${path}": ${problem}`, { cause });
}

function folderProblem(folder: string): string {
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    if (isFolder(path) === false) return `"${path}" is no folder`;
  }
  return `the folder "${folder}" is not there`;
}

/** Whether there is a folder at a path; undefined when nothing is. */
export function isFolder(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
}
