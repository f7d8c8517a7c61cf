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
export class DescriptorFile implements PageTarget {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  readonly #fd: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
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

/** Bytes that are read at once: so few that they are still in the processor's cache when their turn comes. */
const EXTENT_BYTES = 2 ** 17;

/** A file that is read some pages at a time into memory that is there already. */
export class BufferedFile implements PageSource {
  readonly size: number;
  readonly #file: DescriptorFile;
  readonly #memory: Uint8Array;
  readonly #isRead: Uint8Array;

  /** @param memory as many bytes as the file has, or more. */
  constructor(file: DescriptorFile, memory: Uint8Array) {
    this.size = file.size;
    this.#file = file;
    this.#memory = memory.subarray(0, file.size);
    this.#isRead = new Uint8Array(Math.ceil(file.size / EXTENT_BYTES));
  }

  read(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.size);
    for (let extent = Math.floor(offset / EXTENT_BYTES); extent * EXTENT_BYTES < end; extent++) {
      if (this.#isRead[extent] !== 0) continue;
      const at = extent * EXTENT_BYTES;
      const bytes = this.#memory.subarray(at, at + EXTENT_BYTES);
      bytes.fill(0, this.#file.readInto(bytes, at));
      this.#isRead[extent] = 1;
    }
    return this.#memory.subarray(offset, end);
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
