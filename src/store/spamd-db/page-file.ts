// The bytes under a hash file: in a file, or in memory.

import { readSync, writeSync } from 'node:fs';

/** Bytes to read; errors are those of the system. */
export interface PageSource {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** The bytes from `offset` on, fewer than `length` only at the end of the file; the caller's to change. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes to change; errors are those of the system. */
export interface PageTarget {
  /** Writes all of the bytes, lengthening the file where they end beyond it. */
  write(bytes: Uint8Array, offset: number): void;
}

/** A file open on a descriptor, which stays the caller's to close. */
export class DescriptorFile implements PageSource, PageTarget {
  readonly size: number;
  readonly #fd: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    return bytes.subarray(0, this.readInto(bytes, offset));
  }

  /** Fills `into` from `offset` on; gives how many bytes there were. */
  readInto(into: Uint8Array, offset: number): number {
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

/** A copy of a file, used up by one reader: what is read is not copied again. */
export class LoadedFile implements PageSource {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }
}

/** A file in memory. */
export class MemoryFile implements PageSource, PageTarget {
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

  read(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(offset, offset + length));
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
