// Captures compressed with gzip (RFC 1952), members in a row included.

import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Chunk } from './chunk-source.js';
import { SavefileError } from './savefile-error.js';

const GUNZIP_CHUNK_SIZE = 1 << 18;

function chunkOf(bytes: Uint8Array): Chunk {
  return { bytes, start: 0, end: bytes.length };
}

/** What the gzip data of a stream hold. @throws {SavefileError} when they end early or are damaged */
export async function* inflate(name: string, input: Readable): AsyncGenerator<Chunk, void, undefined> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_SIZE });
  input.on('error', error => gunzip.destroy(error));
  input.pipe(gunzip);
  try {
    for await (const piece of gunzip) yield chunkOf(piece);
  } catch (cause) {
    // What was inflated before the error may still wait to be read.
    for (let piece = gunzip.read(); piece !== null; piece = gunzip.read()) yield chunkOf(piece);
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') {
      throw new SavefileError('truncated', `Capture ${name} ends inside its gzip data`, { cause });
    }
    if (code?.startsWith('Z_')) {
      throw new SavefileError('corrupt', `Capture ${name} has damaged gzip data`, { cause });
    }
    throw cause;
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}
