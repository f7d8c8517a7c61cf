// Which overflow pages of a hash file are in use: the bitmap pages (overflow_page and __free_ovflpage of hash_page.c).

import { LAST_OVERFLOW_PAGE, overflowAddress, overflowNumber, overflowPage } from './addressing.js';
import { HashFileError } from './hash-file-error.js';
import type { Header } from './header.js';
import type { Pages } from './pages.js';
import type { WriteList } from './write-list.js';

interface Bitmap {
  /** The page it is on. */
  readonly page: number;
  /** In this machine's byte order. */
  readonly words: Uint32Array;
  /** The words that differ from the file's: from, and to. */
  changedFrom: number;
  changedTo: number;
}

const WORD_BITS = 32;
const ALL_USED = 0xffffffff;

/** Gives out overflow pages and takes them back; a set bit is a page that is used or does not exist yet. */
export class OverflowMap {
  readonly #header: Header;
  readonly #pages: Pages;
  readonly #writes: WriteList;
  readonly #bitmaps = new Map<number, Bitmap>();

  constructor(header: Header, pages: Pages, writes: WriteList) {
    this.#header = header;
    this.#pages = pages;
    this.#writes = writes;
  }

  /** The overflow address of a page that nobody uses, from now on used. */
  allocate(): number {
    const free = this.#findFree();
    return free === undefined ? this.#extend() : overflowAddress(this.#header, free + 1);
  }

  /** A page that was given back, as its bit number; used from now on. */
  #findFree(): number | undefined {
    const header = this.#header;
    const end = header.spares[header.overflowPoint]!;
    const mapBits = header.pageBytes * 8;
    for (let bit = header.lastFreed - (header.lastFreed % WORD_BITS); bit < end; bit += WORD_BITS) {
      const bitmap = this.#load(Math.floor(bit / mapBits));
      const word = bitmap.words[(bit % mapBits) / WORD_BITS]!;
      if (word === ALL_USED) continue;
      const free = bit + lowestZeroBit(word);
      if (free >= end) return undefined;
      this.#set(free, true);
      header.lastFreed = Math.max(header.lastFreed, free);
      return free;
    }
    return undefined;
  }

  /** A page at the end of the current split point, that was not there before. */
  #extend(): number {
    const header = this.#header;
    const split = header.overflowPoint;
    const number = header.spares[split]! + 1;
    const before = split === 0 ? 0 : header.spares[split - 1]!;
    if (number - before > LAST_OVERFLOW_PAGE) {
      throw new HashFileError(
        'full',
        `all ${LAST_OVERFLOW_PAGE} overflow pages of split point ${split} are used`,
      );
    }
    const map = Math.floor((number - 1) / (header.pageBytes * 8));
    if (header.bitmaps[map] === undefined || header.bitmaps[map] === 0) {
      throw new HashFileError(
        'full',
        `all ${number - 1} overflow pages that its bitmap has bits for are used`,
      );
    }
    this.#set(number - 1, true);
    header.lastFreed = number - 1;
    header.spares[split] = number;
    return overflowAddress(header, number);
  }

  /** Takes back the page at an overflow address. */
  free(address: number): void {
    const bit = overflowNumber(this.#header, address) - 1;
    this.#set(bit, false);
    this.#header.lastFreed = Math.min(this.#header.lastFreed, bit);
  }

  /** Makes the bitmap of a new file: overflow page 1 is the bitmap itself, 2 is free, the others do not exist. */
  createFirst(): void {
    const words = new Uint32Array(this.#header.pageBytes / 4).fill(ALL_USED);
    words[0] = ALL_USED & ~0b10;
    const page = overflowPage(this.#header, this.#header.bitmaps[0]!, 0);
    this.#bitmaps.set(0, { page, words, changedFrom: 0, changedTo: words.length });
  }

  /** Whether the overflow page with this number is marked as used. */
  isUsed(number: number): boolean {
    const { words, at, mask } = this.#locate(number - 1);
    return (words[at]! & mask) !== 0;
  }

  /** Adds the writes for the bits that changed. */
  stage(): void {
    for (const bitmap of this.#bitmaps.values()) {
      if (bitmap.changedFrom >= bitmap.changedTo) continue;
      // A copy: the bitmap may change again before this is written.
      const bytes = Buffer.from(bitmap.words.slice(bitmap.changedFrom, bitmap.changedTo).buffer);
      if (!this.#header.isHostOrder) bytes.swap32();
      this.#writes.add(bitmap.page * this.#header.pageBytes + 4 * bitmap.changedFrom, bytes);
      bitmap.changedFrom = bitmap.words.length;
      bitmap.changedTo = 0;
    }
  }

  #set(bit: number, isUsed: boolean): void {
    const { bitmap, words, at, mask } = this.#locate(bit);
    words[at] = isUsed ? words[at]! | mask : words[at]! & ~mask;
    bitmap.changedFrom = Math.min(bitmap.changedFrom, at);
    bitmap.changedTo = Math.max(bitmap.changedTo, at + 1);
  }

  #locate(bit: number): { bitmap: Bitmap; words: Uint32Array; at: number; mask: number } {
    const mapBits = this.#header.pageBytes * 8;
    const bitmap = this.#load(Math.floor(bit / mapBits));
    const within = bit % mapBits;
    return {
      bitmap,
      words: bitmap.words,
      at: Math.floor(within / WORD_BITS),
      mask: 1 << (within % WORD_BITS),
    };
  }

  #load(map: number): Bitmap {
    const known = this.#bitmaps.get(map);
    if (known) return known;
    const address = this.#header.bitmaps[map];
    if (!address) throw new HashFileError('corrupt', `it has no bitmap ${map}`, 0);
    const page = overflowPage(this.#header, address, 0);
    const bytes = this.#pages.read(page);
    if (!this.#header.isHostOrder) Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).swap32();
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const bitmap = { page, words, changedFrom: words.length, changedTo: 0 };
    this.#bitmaps.set(map, bitmap);
    return bitmap;
  }
}

function lowestZeroBit(word: number): number {
  const zero = ~word & (word + 1);
  return 31 - Math.clz32(zero);
}
