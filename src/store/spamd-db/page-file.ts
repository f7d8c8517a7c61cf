// The bytes under a hash file: a descriptor, or memory.

import { readSync, writeSync } from 'node:fs';

/** Random access to a file's bytes; errors are those of the system. */
export interface PageFile {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** Fills `into` from `offset` on; gives how many bytes there were, fewer only at the end of the file. */
  read(into: Uint8Array, offset: number): number;
  /** Writes all of the bytes, lengthening the file where they end beyond it. */
  write(bytes: Uint8Array, offset: number): void;
}

/** A file open on a descriptor, which stays the caller's to close. */
export class DescriptorFile implements PageFile {
  readonly size: number;
  readonly #fd: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  read(into: Uint8Array, offset: number): number {
    let done = 0;
    while (done < into.length) {
      const count = readSync(this.#fd, into, done, into.length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  write(bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.length) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
    }
  }
}

/** A file in memory: a copy of one on disk, or one that is never on a disk. */
export class MemoryFile implements PageFile {
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  read(into: Uint8Array, offset: number): number {
    const part = this.#bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    if (end > this.#bytes.length) {
      const longer = new Uint8Array(end);
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes.set(bytes, offset);
  }
}
