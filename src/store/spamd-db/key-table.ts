// The keys of a batch's IPv4 addresses, prepared before the database is locked, and found again on its pages.

import { isIpv4Words } from '../../address/address.js';
import { FIELD } from '../../whitelist/batch.js';
import { ceilLog2 } from './addressing.js';
import { hash4 } from './hash4.js';
import { ipv4KeyWriter, LONGEST_IPV4, SHORTEST_IPV4 } from './record.js';

/** Room for a key, and for its length behind it. */
const STRIDE = LONGEST_IPV4 + 1;

/** How many values {@link endingOf} has. */
export const ENDINGS = 4096;

/**
 * A number out of the last three bytes of a key that ends before `end`, a different one for all endings of an IPv4
 * address. At least three bytes have to come before `end`, be they the key's or not.
 */
export function endingOf(bytes: Uint8Array, end: number): number {
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
 * A hash table from key to row, at most a quarter of it in use. The rows of a batch are far fewer than the pairs of a
 * database, so that a page's pairs are looked up among the rows, and not the other way round.
 */
export class KeyTable {
  /** How many rows the batch has. */
  readonly rows: number;
  /** What libc's hash function makes of each row's key; 0 for a row of IPv6, which has none. */
  readonly hashes: Uint32Array;
  /** {@link endingOf} each row's key. */
  readonly endings: Uint16Array;
  /** A number for each row, for whoever has the table. */
  readonly links: Int32Array;
  readonly #keys: Uint8Array;
  /** The hash of the key in each slot, or 0 for an empty slot: apart from the rows, to stay in the cache. */
  readonly #slots: Int32Array;
  readonly #slotRows: Int32Array;

  /** @param words a batch's. */
  constructor(words: Uint32Array, memory: KeyMemory = new KeyMemory()) {
    const rows = words.length / FIELD.stride;
    const slots = 2 ** ceilLog2(4 * rows);
    const bytes = memory.take(slots * 8 + rows * (4 + 4 + 2 + STRIDE));
    this.rows = rows;
    this.#slots = new Int32Array(bytes, 0, slots);
    this.#slotRows = new Int32Array(bytes, slots * 4, slots);
    this.hashes = new Uint32Array(bytes, slots * 8, rows);
    this.links = new Int32Array(bytes, slots * 8 + rows * 4, rows);
    this.endings = new Uint16Array(bytes, slots * 8 + rows * 8, rows);
    this.#keys = new Uint8Array(bytes, slots * 8 + rows * 10, rows * STRIDE);
    const write = ipv4KeyWriter();
    for (let row = 0; row < this.rows; row++) {
      const at = row * FIELD.stride;
      if (isIpv4Words(words[at]!, words[at + 1]!, words[at + 2]!)) this.#add(row, write(words[at + 3]!));
    }
  }

  #add(row: number, key: Uint8Array): void {
    this.#keys.set(key, row * STRIDE);
    this.#keys[row * STRIDE + LONGEST_IPV4] = key.length;
    this.hashes[row] = hash4(key);
    this.endings[row] = endingOf(key, key.length);
    const hash = slotHash(key, 0, key.length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = hash;
    this.#slotRows[slot] = row;
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

  /** The first row whose key is the bytes from `start` to before `end`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length < SHORTEST_IPV4 || length > LONGEST_IPV4) return -1;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = slotHash(bytes, start, end);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = slots[slot]!;
      if (other === 0) return -1;
      if (other !== hash) continue;
      const row = this.#slotRows[slot]!;
      if (this.#isKey(row, bytes, start, length)) return row;
    }
  }

  #isKey(row: number, bytes: Uint8Array, start: number, length: number): boolean {
    const keys = this.#keys;
    const at = row * STRIDE;
    if (keys[at + LONGEST_IPV4] !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== keys[at + i]) return false;
    return true;
  }
}

/** A number other than 0 out of the last seven bytes of a key, in which addresses differ most; there must be as many. */
function slotHash(bytes: Uint8Array, start: number, end: number): number {
  const last = bytes[end - 1]! | (bytes[end - 2]! << 8) | (bytes[end - 3]! << 16) | (bytes[end - 4]! << 24);
  const before = bytes[end - 5]! | (bytes[end - 6]! << 8) | (bytes[end - 7]! << 16) | ((end - start) << 24);
  const mixed = Math.imul(last ^ Math.imul(before, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15) || 1;
}
