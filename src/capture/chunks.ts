// A capture file as a sequence of chunks: regular files, pipes, FIFOs and standard input, compressed with gzip or not.

import { close, closeSync, constants, createReadStream, fstatSync, openSync, read } from 'node:fs';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { SavefileError, systemError } from './savefile-error.js';

/** Bytes read at a time from a regular file, and the room in front of them for what the chunk before left over. */
const CHUNK_SIZE = 1 << 20;
const HEADROOM = 1 << 19;
/** One that is read into, one that is worked on, one that holds what the last record began with. */
const BUFFERS = 3;
/** Bytes that tell a compression. */
const MAGIC_SIZE = 6;
const GUNZIP_CHUNK_SIZE = 1 << 18;
const readDescriptor = promisify(read);
const closeDescriptor = promisify(close);

/** Bytes `start` to before `end` of `bytes`; the buffer is used again two chunks later. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** An opened capture file. */
export interface ChunkSource {
  /** As messages name it: the path in quotes, or `standard input`. */
  readonly name: string;
  /** Size on disk in bytes; undefined for a pipe. */
  readonly size: number | undefined;
  /** Bytes read from the disk or pipe so far. */
  readonly position: number;
  /** The chunks in order. @throws {SavefileError} */
  chunks(): AsyncGenerator<Chunk, void, undefined>;
  close(): Promise<void>;
}

/** How messages name a capture file; `-` is standard input. */
export function savefileName(path: string): string {
  return path === '-' ? 'standard input' : `"${path}"`;
}

/**
 * Opens a capture file, `-` for standard input. Never blocks on a FIFO that nobody writes to.
 * @throws {SavefileError}
 */
export function openChunks(path: string): ChunkSource {
  const name = savefileName(path);
  let descriptor: number | undefined;
  try {
    if (path === '-') {
      return fstatSync(process.stdin.fd).isFile()
        ? new FileSource(name, process.stdin.fd)
        : new StreamSource(name, process.stdin);
    }
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    if (stat.isFile()) return new FileSource(name, descriptor);
    if (stat.isFIFO()) return new StreamSource(name, new Socket({ fd: descriptor, writable: false }));
    return new StreamSource(name, createReadStream(path, { fd: descriptor }));
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw systemError('open', name, cause);
  }
}

class FileSource implements ChunkSource {
  readonly name: string;
  readonly size: number;
  position = 0;
  readonly #descriptor: number;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(name: string, descriptor: number) {
    this.name = name;
    this.size = fstatSync(descriptor).size;
    this.#descriptor = descriptor;
  }

  async *chunks(): AsyncGenerator<Chunk, void, undefined> {
    const raw = this.#rawChunks();
    try {
      const first = await raw.next();
      if (first.done) return;
      const { bytes, start, end } = first.value;
      if (isGzip(bytes, start, end)) {
        yield* inflate(this.name, Readable.from(copies(prepend(first.value, raw))));
        return;
      }
      refuseOtherCompression(this.name, bytes, start, end);
      yield first.value;
      yield* raw;
    } catch (cause) {
      throw cause instanceof SavefileError ? cause : systemError('read', this.name, cause);
    }
  }

  /** Reads one chunk ahead, so that the disk and the decoder work at the same time. */
  async *#rawChunks(): AsyncGenerator<Chunk, void, undefined> {
    const buffers = Array.from({ length: BUFFERS }, () => new Uint8Array(HEADROOM + CHUNK_SIZE));
    const readInto = (turn: number) => {
      const pending = readDescriptor(this.#descriptor, buffers[turn % BUFFERS]!, HEADROOM, CHUNK_SIZE, null);
      this.#reading = pending.catch(() => {});
      return pending;
    };
    let pending = readInto(0);
    for (let turn = 0; ; turn++) {
      const { bytesRead, buffer } = await pending;
      if (bytesRead === 0) return;
      this.position += bytesRead;
      pending = readInto(turn + 1);
      yield { bytes: buffer, start: HEADROOM, end: HEADROOM + bytesRead };
    }
  }

  async close(): Promise<void> {
    await this.#reading;
    if (this.#descriptor !== process.stdin.fd) await closeDescriptor(this.#descriptor);
  }
}

async function* copies(chunks: AsyncIterable<Chunk>): AsyncGenerator<Uint8Array> {
  for await (const { bytes, start, end } of chunks) yield bytes.slice(start, end);
}

class StreamSource implements ChunkSource {
  readonly name: string;
  readonly size = undefined;
  position = 0;
  readonly #stream: Readable;

  constructor(name: string, stream: Readable) {
    this.name = name;
    this.#stream = stream;
  }

  async *chunks(): AsyncGenerator<Chunk, void, undefined> {
    const pieces = this.#pieces();
    try {
      // The first bytes tell the compression; a slow writer may send them one by one.
      let head: Uint8Array = new Uint8Array(0);
      while (head.length < MAGIC_SIZE) {
        const piece = await pieces.next();
        if (piece.done) break;
        head = Buffer.concat([head, piece.value]);
      }
      if (head.length === 0) return;
      if (isGzip(head, 0, head.length)) {
        yield* inflate(this.name, Readable.from(prepend(head, pieces)));
        return;
      }
      refuseOtherCompression(this.name, head, 0, head.length);
      for await (const piece of prepend(head, pieces)) yield { bytes: piece, start: 0, end: piece.length };
    } catch (cause) {
      throw cause instanceof SavefileError ? cause : systemError('read', this.name, cause);
    }
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of this.#stream) {
      this.position += (piece as Uint8Array).length;
      yield piece as Uint8Array;
    }
  }

  async close(): Promise<void> {
    this.#stream.destroy();
  }
}

async function* prepend<T>(head: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield head;
  yield* rest;
}

async function* inflate(name: string, input: Readable): AsyncGenerator<Chunk, void, undefined> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_SIZE });
  input.on('error', error => gunzip.destroy(error));
  input.pipe(gunzip);
  try {
    for await (const piece of gunzip) yield { bytes: piece, start: 0, end: (piece as Uint8Array).length };
  } catch (cause) {
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

function startsWith(bytes: Uint8Array, at: number, end: number, magic: readonly number[]): boolean {
  return at + magic.length <= end && magic.every((byte, i) => bytes[at + i] === byte);
}

function isGzip(bytes: Uint8Array, at: number, end: number): boolean {
  return startsWith(bytes, at, end, [0x1f, 0x8b]);
}

/** Compressions of newsyslog(8) that Node cannot undo, and the command that can. */
const OTHER_COMPRESSIONS = [
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2', command: 'bzcat' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', command: 'xzcat' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', command: 'zstdcat' },
] as const;

function refuseOtherCompression(name: string, bytes: Uint8Array, at: number, end: number): void {
  const found = OTHER_COMPRESSIONS.find(({ magic }) => startsWith(bytes, at, end, magic));
  if (found === undefined) return;
  const advice = `decompress it first, as in "${found.command} FILE | spamlogd replay -"`;
  throw new SavefileError('format', `Capture ${name} is compressed with ${found.name}; ${advice}`);
}
