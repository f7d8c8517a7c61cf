// Reads the small files that options name.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { UsageError } from './usage-error.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/**
 * The text of a file.
 * @param what what the file is for, as in `configuration`
 * @throws {UsageError} when it cannot be read
 */
export function readTextFile(path: string, what: string, isConfig: boolean): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new UsageError(`Cannot read ${what} "${path}": ${REASONS[code] ?? message}`, isConfig);
  }
}

/** No rules file that people write is as large, nor a list of addresses. */
const REGULAR_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * The text of a file that another file names: a FIFO or a device would never end, and whoever wrote the name may not
 * be who runs this.
 * @throws Error when it is no regular file, too large, or cannot be read
 */
export function readRegularFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = fstatSync(file);
    if (!info.isFile()) throw new Error('not a regular file');
    if (info.size > REGULAR_LIMIT_BYTES) throw new Error(`larger than ${REGULAR_LIMIT_BYTES} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
