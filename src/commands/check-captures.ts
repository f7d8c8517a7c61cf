// Looks at the captures that a command was given before anything is done with them.

import { accessSync, constants, statSync } from 'node:fs';
import { savefileName } from '../capture/chunks.js';
import { systemError } from '../capture/savefile-error.js';
import { UsageError } from '../options/usage-error.js';

/**
 * Makes sure that captures are there and may be read. A pipe is not opened for that: its writer would lose its reader.
 * @throws {SavefileError} @throws {UsageError} for standard input given twice
 */
export function checkCaptures(paths: readonly string[]): void {
  if (paths.indexOf('-') !== paths.lastIndexOf('-')) {
    throw new UsageError('standard input ("-") can be read only once');
  }
  for (const path of paths) if (path !== '-') checkCapture(path);
}

function checkCapture(path: string): void {
  try {
    if (statSync(path).isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    accessSync(path, constants.R_OK);
  } catch (cause) {
    throw systemError('open', savefileName(path), cause);
  }
}
