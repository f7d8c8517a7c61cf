// The keys of a batch's IPv4 addresses, prepared before the database is locked, and found again on its pages.

import { isIpv4Words } from '../../address/address.js';
import { FIELD } from '../../whitelist/batch.js';
import { hash4 } from './hash4.js';
import { LONGEST_IPV4, SHORTEST_IPV4, writeIpv4Key } from './record.js';

/** Room for a key, and for its length behind it. */
const STRIDE = LONGEST_IPV4 + 1;

/** Bytes that a row takes: three words, its ending, and its key. */
const ROW_BYTES = 3 * 4 + 2 + STRIDE;

/** How many values {@link endingOf} has. */
const ENDINGS = 4096;

/** No row. */
const NONE = -1;

/**
 * A number out of the last three bytes of a key that ends before `end`, a different one for all endings of an IPv4
 * address. At least three bytes have to come before `end`, be they the key's or not.
 */
function endingOf(bytes: Uint8Array, end: number): number {
  return (bytes[end - 1]! & 15) | ((bytes[end - 2]! & 15) << 4) | ((bytes[end - 3]! & 15) << 8);
}

/** Memory for tables of which one is used after the other: batch after batch, it would be garbage that lies for long. */
export class KeyMemory {
  #memory = new ArrayBuffer(0);

  /** So many bytes, all of them zero; those of the time before are used no more. */
  take(bytes: number): ArrayBuffer {
    if (this.#memory.byteLength < bytes) this.#memory = new ArrayBuffer(bytes);
    else new Uint8Array(this.#memory, 0, bytes).fill(0);
    return this.#memory;
  }
}

/**
 * The keys of a batch's rows. A page's pairs are looked up among the rows that belong in the page's bucket, by how a
 * key ends, and not the other way round: the rows of a batch are far fewer than the pairs of a database.
 */
export class KeyTable {
  /** How many rows the batch has. */
  readonly rows: number;
  /** What libc's hash function makes of each row's key; 0 for a row of IPv6, which has none. */
  readonly hashes: Uint32Array;
  /** {@link endingOf} each row's key. */
  readonly #endings: Uint16Array;
  /** A number for each row, for whoever has the table. */
  readonly links: Int32Array;
  readonly #keys: Uint8Array;
  /** The row expected last of those with an ending. */
  readonly #expected: Int32Array;
  /** The row expected before a row, of those with the same ending. */
  readonly #before: Int32Array;

  /** @param words a batch's. */
  constructor(words: Uint32Array, memory: KeyMemory = new KeyMemory()) {
    const rows = words.length / FIELD.stride;
    const bytes = memory.take(4 * ENDINGS + rows * ROW_BYTES);
    const [hashesAt, linksAt, beforeAt, endingsAt, keysAt] = [0, 4, 8, 12, 14].map(
      before => 4 * ENDINGS + rows * before,
    );
    this.rows = rows;
    this.#expected = new Int32Array(bytes, 0, ENDINGS).fill(NONE);
    this.hashes = new Uint32Array(bytes, hashesAt, rows);
    this.links = new Int32Array(bytes, linksAt, rows);
    this.#before = new Int32Array(bytes, beforeAt, rows);
    this.#endings = new Uint16Array(bytes, endingsAt, rows);
    this.#keys = new Uint8Array(bytes, keysAt, rows * STRIDE);
    for (let row = 0; row < this.rows; row++) {
      const at = row * FIELD.stride;
      if (isIpv4Words(words[at]!, words[at + 1]!, words[at + 2]!)) this.#write(row, words[at + 3]!);
    }
  }

  #write(row: number, word: number): void {
    const at = row * STRIDE;
    const length = writeIpv4Key(word, this.#keys, at);
    this.#keys[at + LONGEST_IPV4] = length;
    this.hashes[row] = hash4(this.#keys, at, at + length);
    this.#endings[row] = endingOf(this.#keys, at + length);
  }

  /** Whether a row has a key: whether its address is IPv4. */
  has(row: number): boolean {
    return this.#keys[row * STRIDE + LONGEST_IPV4] !== 0;
  }

  /** The key of a row. */
  key(row: number): Uint8Array {
    const at = row * STRIDE;
    return this.#keys.subarray(at, at + this.#keys[at + LONGEST_IPV4]!);
  }

  /** {@link find} finds no row any more, whatever a run that ended early has left. */
  dismissAll(): void {
    this.#expected.fill(NONE);
  }

  /** From now on {@link find} finds a row that has a key. */
  expect(row: number): void {
    const ending = this.#endings[row]!;
    this.#before[row] = this.#expected[ending]!;
    this.#expected[ending] = row;
  }

  /** {@link find} finds the row no more, nor another with the same ending. */
  dismiss(row: number): void {
    this.#expected[this.#endings[row]!] = NONE;
  }

  /**
   * The row expected last whose key is the bytes from `start` to before `end`, or -1. At least three bytes have to come
   * before `end`.
   */
  find(bytes: Uint8Array, start: number, end: number): number {
    let row = this.#expected[endingOf(bytes, end)]!;
    if (row === NONE) return NONE;
    const length = end - start;
    if (length < SHORTEST_IPV4 || length > LONGEST_IPV4) return NONE;
    while (row !== NONE && !this.#isKey(row, bytes, start, length)) row = this.#before[row]!;
    return row;
  }

  #isKey(row: number, bytes: Uint8Array, start: number, length: number): boolean {
    const keys = this.#keys;
    const at = row * STRIDE;
    if (keys[at + LONGEST_IPV4] !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== keys[at + i]) return false;
    return true;
  }
}
