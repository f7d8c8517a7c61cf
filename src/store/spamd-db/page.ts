// One data page of a hash file, checked when it is read: pairs of key and value, and the link to the next page.

import { ceilLog2 } from './addressing.js';
import { HashFileError } from './hash-file-error.js';

/** Bytes that a pair takes besides its key and value: two words of the index. */
export const PAIR_OVERHEAD = 4;

/** Bytes that a link takes: two words of the index. */
export const LINK_BYTES = 4;

/** Bytes that the index of `count` words takes: the count, the words, the free bytes, the lowest used offset. */
export function indexBytes(count: number): number {
  return 2 * (count + 3);
}

/** The second word of a link. */
export const LINK_TAG = 0;

/** The second word of a part of a pair larger than a page: the key goes on, it ends, or the value begins or ends. */
export const BIG_TAG = { keyGoesOn: 1, keyEnds: 2, valueHere: 3 } as const;

/** The smallest second word of a pair: below are the tags. */
export const FIRST_OFFSET = 4;

/**
 * A page's words are in this machine's order, whatever the file's. Pairs fill the page from its end downwards; the
 * index grows from its beginning: word 0 counts the index words, then come two a pair (where its key and its
 * value begin), at last perhaps a link, then the free bytes and the lowest used offset.
 */
export class Page {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly words: Uint16Array;
  /** Bytes of values and keys that differ from the file's: from, and to; none when `from` is not below `to`. */
  changedFrom: number;
  changedTo = 0;
  isIndexChanged = false;
  /** Whether nothing in the file leads to this page yet. */
  isFresh: boolean;
  #slots: Uint16Array | undefined;

  constructor(number: number, bytes: Uint8Array, isFresh: boolean) {
    this.number = number;
    this.bytes = bytes;
    this.words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    this.changedFrom = bytes.length;
    this.isFresh = isFresh;
  }

  /** How many words of the index are used. */
  get count(): number {
    return this.words[0]!;
  }

  get free(): number {
    return this.words[this.count + 1]!;
  }

  get low(): number {
    return this.words[this.count + 2]!;
  }

  /** Whether the page is a part of a pair larger than a page. */
  get isBig(): boolean {
    return this.count > 0 && this.words[2]! > LINK_TAG && this.words[2]! < FIRST_OFFSET;
  }

  get hasLink(): boolean {
    return this.count > 0 && this.words[this.count] === LINK_TAG;
  }

  /** Overflow address of the page after this one in the chain, 0 for none. */
  get next(): number {
    if (this.hasLink) return this.words[this.count - 1]!;
    return this.isBig && this.count === 4 ? this.words[3]! : 0;
  }

  /** Number of words of the index that pairs use. */
  get pairWords(): number {
    return this.hasLink ? this.count - 2 : this.count;
  }

  /** Where the pair before the one at index word `index` begins, which is where that one's key ends. */
  keyEnd(index: number): number {
    return index === 1 ? this.bytes.length : this.words[index - 1]!;
  }

  key(index: number): Uint8Array {
    return this.bytes.subarray(this.words[index]!, this.keyEnd(index));
  }

  value(index: number): Uint8Array {
    return this.bytes.subarray(this.words[index + 1]!, this.words[index]!);
  }

  /** The index word of the pair with this key, 0 when it is not on this page. Not for a page that {@link isBig}. */
  find(key: Uint8Array): number {
    this.#slots ??= this.#fillSlots();
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = tailHash(key, 0, key.length) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const index = slots[slot]!;
      const start = this.words[index]!;
      if (this.keyEnd(index) - start === key.length && isEqualAt(this.bytes, start, key)) return index;
    }
    return 0;
  }

  /** A hash table of index words, at least half of it empty. */
  #fillSlots(): Uint16Array {
    const { words, bytes, pairWords } = this;
    const slots = new Uint16Array(2 ** ceilLog2(pairWords + 2));
    const mask = slots.length - 1;
    let end = bytes.length;
    for (let index = 1; index < pairWords; index += 2) {
      let slot = tailHash(bytes, words[index]!, end) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index;
      end = words[index + 1]!;
    }
    return slots;
  }

  /** Whether a pair of these lengths has room, beside a link that is there or may have to come. */
  hasRoom(keyBytes: number, valueBytes: number): boolean {
    const link = this.hasLink ? 0 : LINK_BYTES;
    return !this.isBig && this.free >= PAIR_OVERHEAD + keyBytes + valueBytes + link;
  }

  /** Adds a pair after the others; there must be room. */
  append(key: Uint8Array, value: Uint8Array): void {
    const { words, count, pairWords, free, low, next } = this;
    const keyAt = low - key.length;
    const valueAt = keyAt - value.length;
    this.bytes.set(key, keyAt);
    this.bytes.set(value, valueAt);
    words[0] = count + 2;
    words[pairWords + 1] = keyAt;
    words[pairWords + 2] = valueAt;
    if (count > pairWords) {
      words[pairWords + 3] = next;
      words[pairWords + 4] = LINK_TAG;
    }
    words[count + 3] = free - PAIR_OVERHEAD - key.length - value.length;
    words[count + 4] = valueAt;
    this.markChanged(valueAt, low);
    this.isIndexChanged = true;
    this.#slots = undefined;
  }

  /** Adds a link to the page at an overflow address; there must be none yet. */
  link(address: number): void {
    const { words, count, free, low } = this;
    if (free < LINK_BYTES) throw new HashFileError('corrupt', 'it has no room for a link', this.number);
    words[0] = count + 2;
    words[count + 1] = address;
    words[count + 2] = LINK_TAG;
    words[count + 3] = free - LINK_BYTES;
    words[count + 4] = low;
    this.isIndexChanged = true;
  }

  /** Writes a value of the same length over the one at `at`. */
  overwrite(at: number, value: Uint8Array): void {
    this.bytes.set(value, at);
    this.markChanged(at, at + value.length);
  }

  markChanged(from: number, to: number): void {
    if (from < this.changedFrom) this.changedFrom = from;
    if (to > this.changedTo) this.changedTo = to;
  }

  get isChanged(): boolean {
    return this.isIndexChanged || this.changedFrom < this.changedTo;
  }

  /** The file holds the page as it is now. */
  markWritten(): void {
    this.changedFrom = this.bytes.length;
    this.changedTo = 0;
    this.isIndexChanged = false;
    this.isFresh = false;
  }
}

/** A number out of a key's last bytes, in which addresses differ most. */
function tailHash(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 4) return end - start;
  const tail = bytes[end - 1]! | (bytes[end - 2]! << 8) | (bytes[end - 3]! << 16) | (bytes[end - 4]! << 24);
  return Math.imul(tail + end - start, 0x9e3779b1) >>> 16;
}

/** Compares from the end, where addresses differ most. */
function isEqualAt(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let i = key.length - 1; i >= 0; i--) if (bytes[start + i] !== key[i]) return false;
  return true;
}

/** Makes the page's bytes those of a page without pairs. */
export function clearPage(words: Uint16Array): void {
  const bytes = 2 * words.length;
  words[0] = 0;
  words[1] = bytes - indexBytes(0);
  // 65536 would become 0, but pages are never that large.
  words[2] = bytes;
}
