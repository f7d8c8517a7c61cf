// A capture that comes through a pipe.

import { createReadStream } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Chunk, ChunkSource } from './chunk-source.js';
import { isGzip, MAGIC_SIZE, refuseOtherCompression } from './magic.js';
import { prepend } from './prepend.js';
import { SavefileError, systemError } from './savefile-error.js';

/** A stream of a descriptor: one of a FIFO never blocks, whoever is at its other end. */
export function streamOf(descriptor: number, isFifo: boolean): Readable {
  return isFifo ? new Socket({ fd: descriptor, writable: false }) : createReadStream('', { fd: descriptor });
}

/** A pipe, a FIFO, a terminal: read as it comes, without holding a thread. */
export class StreamSource implements ChunkSource {
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
        const { inflate } = await import('./inflate.js');
        yield* inflate(this.name, prepend(head, pieces));
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

  close(): void {
    this.#stream.destroy();
  }
}
