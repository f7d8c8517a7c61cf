// A capture in a regular file.

import { closeSync, fstatSync, readSync } from 'node:fs';
import type { Chunk, ChunkSource } from './chunk-source.js';
import { isGzip, refuseOtherCompression } from './magic.js';
import { prepend } from './prepend.js';
import { SavefileError, systemError } from './savefile-error.js';

/** Bytes read at a time, and the room in front of them for what the chunk before left over. */
const CHUNK_SIZE = 1 << 18;
const HEADROOM = 1 << 19;
/** Chunks between two turns of the event loop. */
const CHUNKS_A_TURN = 8;

/** Descriptor of standard input, which is not ours to close. */
export const STDIN = 0;

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A regular file, or standard input where it is one. */
export class FileSource implements ChunkSource {
  readonly name: string;
  readonly size: number;
  position = 0;
  readonly #descriptor: number;
  #isOpen = true;

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
        const [{ inflate }, { Readable }] = await Promise.all([
          import('./inflate.js'),
          import('node:stream'),
        ]);
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

  /**
   * Reads on this thread: a file mostly comes out of the page cache, and what is copied here is near the decoder. The
   * event loop has its turn every few chunks.
   */
  async *#rawChunks(): AsyncGenerator<Chunk, void, undefined> {
    const buffers = [new Uint8Array(HEADROOM + CHUNK_SIZE), new Uint8Array(HEADROOM + CHUNK_SIZE)];
    for (let turn = 1; this.#isOpen; turn++) {
      const bytes = buffers[turn % 2]!;
      const length = readSync(this.#descriptor, bytes, HEADROOM, CHUNK_SIZE, null);
      if (length === 0) return;
      this.position += length;
      yield { bytes, start: HEADROOM, end: HEADROOM + length };
      if (turn % CHUNKS_A_TURN === 0) await nextTurn();
    }
  }

  close(): void {
    if (this.#isOpen && this.#descriptor !== STDIN) closeSync(this.#descriptor);
    this.#isOpen = false;
  }
}

async function* copies(chunks: AsyncIterable<Chunk>): AsyncGenerator<Uint8Array> {
  for await (const { bytes, start, end } of chunks) yield bytes.slice(start, end);
}
