// Opens capture files: regular files, pipes, FIFOs and standard input, compressed with gzip or not.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import type { ChunkSource } from './chunk-source.js';
import { FileSource, STDIN } from './file-source.js';
import { systemError } from './savefile-error.js';

/** How messages name a capture file; `-` is standard input. */
export function savefileName(path: string): string {
  return path === '-' ? 'standard input' : `"${path}"`;
}

/** Whether a capture can be read only once, and who writes to it would notice: standard input, a FIFO, a device. */
export function isStream(path: string): boolean {
  if (path === '-') return true;
  try {
    const stat = statSync(path);
    return !stat.isFile() && !stat.isDirectory();
  } catch {
    // Opening it tells what is wrong.
    return false;
  }
}

/**
 * Opens a capture file, `-` for standard input. Never blocks on a FIFO that nobody writes to.
 * @throws {SavefileError}
 */
export async function openChunks(path: string): Promise<ChunkSource> {
  const name = savefileName(path);
  let descriptor = STDIN;
  try {
    if (path !== '-') descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    if (stat.isFile()) return new FileSource(name, descriptor);
    const { StreamSource, streamOf } = await import('./stream-source.js');
    return new StreamSource(name, path === '-' ? process.stdin : streamOf(descriptor, stat.isFIFO()));
  } catch (cause) {
    if (descriptor !== STDIN) closeSync(descriptor);
    throw systemError('open', name, cause);
  }
}
