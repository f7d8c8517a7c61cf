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
        const { inflate } = await import('./inflate.js');
        const again = this.#descriptor === STDIN ? undefined : () => this.#piecesAgain();
        yield* inflate(this.name, pieces(prepend(first.value, raw)), again);
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

  async *#piecesAgain(): AsyncGenerator<Uint8Array> {
    const bytes = new Uint8Array(CHUNK_SIZE);
    for (let at = 0; this.#isOpen; ) {
      const length = readSync(this.#descriptor, bytes, 0, CHUNK_SIZE, at);
      if (length === 0) return;
      at += length;
      yield bytes.subarray(0, length);
    }
  }

  close(): void {
    if (this.#isOpen && this.#descriptor !== STDIN) closeSync(this.#descriptor);
    this.#isOpen = false;
  }
}

async function* pieces(chunks: AsyncIterable<Chunk>): AsyncGenerator<Uint8Array> {
  for await (const { bytes, start, end } of chunks) yield bytes.subarray(start, end);
}
