// Reads the small files that options name.

import { readFileSync } from 'node:fs';
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
