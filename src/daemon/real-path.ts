// Where a path leads.

import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** As realpath(3); what is not there yet, at the end of a symbolic link too, is where it would be made. */
export function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || path === dirname(path)) throw error;
  }
  const folder = realPathOf(dirname(path));
  const target = readLink(path);
  return target === undefined ? join(folder, basename(path)) : realPathOf(resolve(folder, target));
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
