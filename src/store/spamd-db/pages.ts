// The pages of a hash file in memory: read when first asked for, checked, and written in a safe order.

import { HashFileError } from './hash-file-error.js';
import type { Header } from './header.js';
import { clearPage, indexBytes, Page, pageProblem } from './page.js';
import type { PageFile } from './page-file.js';
import type { WriteList } from './write-list.js';

/** Reads and keeps pages, and turns changed ones into writes. */
export class Pages {
  readonly #file: PageFile;
  readonly #header: Header;
  readonly #writes: WriteList;
  readonly #pages = new Map<number, Page>();

  constructor(file: PageFile, header: Header, writes: WriteList) {
    this.#file = file;
    this.#header = header;
    this.#writes = writes;
  }

  /** A data page; an error when it lies outside of the file or contradicts itself. */
  load(number: number): Page {
    const known = this.#pages.get(number);
    if (known) return known;
    const page = new Page(number, this.read(number), false);
    if (!this.#header.isHostOrder) swapIndex(page.words);
    // A hole in the file, or a page from which the last pair went, as libc sees it.
    if (page.count === 0) clearPage(page.words);
    const problem = pageProblem(page.words);
    if (problem !== undefined) throw new HashFileError('corrupt', problem, number);
    this.#pages.set(number, page);
    return page;
  }

  /** A page's bytes as they are in the file. */
  read(number: number): Uint8Array {
    const { pageBytes } = this.#header;
    const bytes = new Uint8Array(pageBytes);
    const count = this.#file.read(bytes, number * pageBytes);
    if (count < pageBytes) throw new HashFileError('corrupt', 'the file ends before its end', number);
    return bytes;
  }

  /** A page without pairs that takes the place of whatever is there, and that nothing in the file leads to. */
  create(number: number): Page {
    const page = new Page(number, new Uint8Array(this.#header.pageBytes), true);
    clearPage(page.words);
    page.isIndexChanged = true;
    this.#pages.set(number, page);
    return page;
  }

  /** A page with the content of another, that takes the place of whatever the file leads to under its number. */
  copy(from: Page, number: number): Page {
    const page = new Page(number, from.bytes.slice(), false);
    page.markChanged(page.low, page.bytes.length);
    page.isIndexChanged = true;
    this.#pages.set(number, page);
    return page;
  }

  /** Forgets a page that nothing leads to any more, changed or not. */
  forget(number: number): void {
    this.#pages.delete(number);
  }

  /** Adds the writes for a page: all of it when fresh, else what changed, the index last. */
  stage(page: Page): void {
    const { pageBytes } = this.#header;
    const at = page.number * pageBytes;
    if (page.isFresh) {
      this.#writes.add(at, this.#toFileOrder(page.bytes, indexBytes(page.count)));
    } else if (page.changedFrom < page.changedTo) {
      this.#writes.add(at + page.changedFrom, page.bytes.subarray(page.changedFrom, page.changedTo));
    }
    if (page.isIndexChanged && !page.isFresh)
      this.stageIndex(page.number, page.words.subarray(0, page.count + 3));
    page.markWritten();
  }

  /** Adds the write of an index, which ends with the free bytes and the lowest used offset, over a page's own. */
  stageIndex(number: number, words: Uint16Array): void {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.#writes.add(number * this.#header.pageBytes, this.#toFileOrder(bytes, bytes.length));
  }

  /** Adds the writes for the changed pages: those that `isFresh` says. */
  stageChanged(isFresh: boolean): void {
    for (const page of this.#pages.values()) {
      if (page.isFresh === isFresh && (page.isFresh || page.isChanged)) this.stage(page);
    }
  }

  #toFileOrder(bytes: Uint8Array, wordBytes: number): Uint8Array {
    if (this.#header.isHostOrder) return bytes;
    const swapped = bytes.slice();
    Buffer.from(swapped.buffer, 0, wordBytes).swap16();
    return swapped;
  }
}

/** Swaps the bytes of each word of an index, where its count lets it lie inside the page. */
function swapIndex(words: Uint16Array): void {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  bytes.subarray(0, 2).swap16();
  const used = Math.min(indexBytes(words[0]!), words.byteLength);
  if (used > 2) bytes.subarray(2, used - (used % 2)).swap16();
}
