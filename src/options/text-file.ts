// Reads the small files that options name.

import { isUtf8 } from 'node:buffer';
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
  return readBytes(path, what, isConfig).toString();
}

/**
 * The text of a file that has to be UTF-8.
 * @param what what the file is for, as in `configuration`
 * @throws {UsageError} when it is not, with the line and the byte, or cannot be read
 */
export function readUtf8File(path: string, what: string, isConfig: boolean): string {
  const bytes = readBytes(path, what, isConfig);
  if (isUtf8(bytes)) return bytes.toString();
  const { line, byte, value } = findStray(bytes);
  const problem = `byte ${byte} is 0x${value.toString(16)}, and no UTF-8`;
  throw new UsageError(`${what} "${path}" line ${line}: ${problem}`, isConfig);
}

/** The first byte with which no character of UTF-8 begins: its line and its place there, both from 1 on. */
function findStray(bytes: Buffer): { readonly line: number; readonly byte: number; readonly value: number } {
  let line = 1;
  let start = 0;
  for (let at = 0; ; ) {
    const length = [1, 2, 3, 4].find(count => isUtf8(bytes.subarray(at, at + count)));
    if (length === undefined) return { line, byte: at - start + 1, value: bytes[at]! };
    if (bytes[at] === LINE_FEED) {
      line++;
      start = at + 1;
    }
    at += length;
  }
}

const LINE_FEED = 0x0a;

function readBytes(path: string, what: string, isConfig: boolean): Buffer {
  try {
    return readFileSync(path);
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
