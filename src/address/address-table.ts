// A hash table from addresses to rows of numbers: open addressing over typed arrays, nothing allocated per look-up.

import { randomInt } from 'node:crypto';

/** Words of a row that hold the address. */
export const ADDRESS_WORDS = 4;

/** Rows that there is room for at first. */
const FIRST_ROWS = 64;

/** Room for so many rows is kept when a table is cleared, if at least so much of it was of use. */
const KEPT_ROWS = 131_072;
const KEPT_SHARE = 1 / 16;

/** Rows are numbered in the order in which their addresses came. */
export class AddressTable {
  readonly #stride: number;
  readonly #seed: number;
  #words!: Uint32Array;
  /** The same memory; comparing signed integers allocates nothing. */
  #keys!: Int32Array;
  /** Row number + 1 at the place that the address hashes to; 0 is free. */
  #index: Int32Array;
  #mask: number;
  #size = 0;

  /**
   * @param stride words of a row, the first four the address
   * @param seed makes the places unforeseeable, so that nobody can send addresses that collide
   */
  constructor(stride: number, seed: number = randomInt(2 ** 32)) {
    this.#stride = stride;
    this.#seed = seed;
    this.#index = new Int32Array(0);
    this.#mask = 0;
    this.#begin();
  }

  #begin(): void {
    this.#setWords(new Uint32Array(this.#stride * FIRST_ROWS));
    this.#index = new Int32Array(2 * FIRST_ROWS);
    this.#mask = this.#index.length - 1;
    this.#size = 0;
  }

  #setWords(words: Uint32Array): void {
    this.#words = words;
    this.#keys = new Int32Array(words.buffer);
  }

  /** How many addresses. */
  get size(): number {
    return this.#size;
  }

  /** The rows' words; replaced when a row is added. */
  get words(): Uint32Array {
    return this.#words;
  }

  /**
   * Where in {@link words} the address's row begins; made, with zeros behind the address, when there is none.
   * {@link size} tells whether it was made. The words may be signed or unsigned.
   */
  row(w0: number, w1: number, w2: number, w3: number): number {
    let place = this.#hash(w0, w1, w2, w3) & this.#mask;
    for (;;) {
      const row = this.#index[place]!;
      if (row === 0) return this.#insert(place, w0, w1, w2, w3);
      const at = (row - 1) * this.#stride;
      const keys = this.#keys;
      if (
        keys[at + 3] === (w3 | 0) &&
        keys[at + 2] === (w2 | 0) &&
        keys[at + 1] === (w1 | 0) &&
        keys[at] === (w0 | 0)
      ) {
        return at;
      }
      place = (place + 1) & this.#mask;
    }
  }

  /** Where in {@link words} the address's row begins, or -1 when there is none. */
  find(w0: number, w1: number, w2: number, w3: number): number {
    let place = this.#hash(w0, w1, w2, w3) & this.#mask;
    for (let row = this.#index[place]!; row !== 0; row = this.#index[place]!) {
      const at = (row - 1) * this.#stride;
      const keys = this.#keys;
      if (
        keys[at + 3] === (w3 | 0) &&
        keys[at + 2] === (w2 | 0) &&
        keys[at + 1] === (w1 | 0) &&
        keys[at] === (w0 | 0)
      ) {
        return at;
      }
      place = (place + 1) & this.#mask;
    }
    return -1;
  }

  #insert(place: number, w0: number, w1: number, w2: number, w3: number): number {
    if (2 * (this.#size + 1) > this.#index.length) {
      this.#grow();
      return this.row(w0, w1, w2, w3);
    }
    const at = this.#size * this.#stride;
    this.#size++;
    this.#index[place] = this.#size;
    this.#keys[at] = w0;
    this.#keys[at + 1] = w1;
    this.#keys[at + 2] = w2;
    this.#keys[at + 3] = w3;
    return at;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#setWords(words);
    this.#index = new Int32Array(this.#index.length * 2);
    this.#mask = this.#index.length - 1;
    for (let row = 0; row < this.#size; row++) {
      const at = row * this.#stride;
      const keys = this.#keys;
      let place = this.#hash(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!) & this.#mask;
      while (this.#index[place] !== 0) place = (place + 1) & this.#mask;
      this.#index[place] = row + 1;
    }
  }

  #hash(w0: number, w1: number, w2: number, w3: number): number {
    let hash = Math.imul(w3 ^ this.#seed, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ w1, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 16) ^ w0, 0x165667b1);
    return hash ^ (hash >>> 15);
  }

  /** Begins anew: in the same memory, where that is of use for as many rows again. */
  clear(): void {
    const room = this.#words.length / this.#stride;
    if (room > KEPT_ROWS || this.#size < room * KEPT_SHARE) {
      this.#begin();
      return;
    }
    this.#words.fill(0, 0, this.#size * this.#stride);
    this.#index.fill(0);
    this.#size = 0;
  }

  /** Gives the rows away, without room behind them, and begins anew with as little memory as at first. */
  take(): Uint32Array {
    const rows = this.#words.slice(0, this.#size * this.#stride);
    this.#begin();
    return rows;
  }
}
