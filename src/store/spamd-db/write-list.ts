// The writes that a change of a hash file comes down to, in an order that leaves no gap a reader could fall into.

/** One write. */
export interface Write {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes prepared in memory. Whoever fills the list promises that the file is whole after each of them, and also when
 * one is cut short at a multiple of 4096 bytes, as a killed process cuts it.
 */
export class WriteList {
  #writes: Write[] = [];

  /** Adds bytes that stay as they are until they are written. */
  add(offset: number, bytes: Uint8Array): void {
    this.#writes.push({ offset, bytes });
  }

  /** Adds a copy of bytes that may change again before they are written. */
  addCopy(offset: number, bytes: Uint8Array): void {
    this.add(offset, new Uint8Array(bytes));
  }

  /** Gives the writes, and forgets them. */
  take(): readonly Write[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }
}
