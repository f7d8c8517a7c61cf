// The pages of a hash file in memory: read when first asked for, checked, and written in a safe order.

import { HashFileError } from './hash-file-error.js';
import type { Header } from './header.js';
import { clearPage, indexBytes, Page } from './page.js';
import type { PageSource } from './page-file.js';
import { pageProblem } from './page-problem.js';
import { PageRuns } from './page-runs.js';
import type { WriteList } from './write-list.js';

/** Reads and keeps pages, and turns changed ones into writes. */
export class Pages {
  readonly #file: PageSource;
  readonly #header: Header;
  readonly #writes: WriteList;
  /** How many pages the file had when it was opened. */
  readonly count: number;
  /** By number. An array, since a batch may come to all of them. */
  readonly #pages: (Page | undefined)[];

  constructor(file: PageSource, header: Header, writes: WriteList) {
    this.#file = file;
    this.#header = header;
    this.#writes = writes;
    this.count = Math.ceil(file.size / header.pageBytes);
    this.#pages = new Array(this.count);
  }

  /** A data page; an error when it lies outside of the file or contradicts itself. */
  load(number: number): Page {
    const known = this.#pages[number];
    if (known) return known;
    const page = new Page(number, this.read(number), false);
    if (!this.#header.isHostOrder) swapIndex(page.words);
    // A hole in the file, or a page from which the last pair went, as libc sees it.
    if (page.count === 0) clearPage(page.words);
    const problem = pageProblem(page.words);
    if (problem !== undefined) throw new HashFileError('corrupt', problem, number);
    this.#pages[number] = page;
    return page;
  }

  /** A page's bytes as they are in the file; the caller's to change. */
  read(number: number): Uint8Array {
    const { pageBytes } = this.#header;
    const bytes = this.#file.read(number * pageBytes, pageBytes);
    if (bytes.length < pageBytes) throw new HashFileError('corrupt', 'the file ends before its end', number);
    return bytes;
  }

  /** A page without pairs that takes the place of whatever is there, and that nothing in the file leads to. */
  create(number: number): Page {
    const page = new Page(number, new Uint8Array(this.#header.pageBytes), true);
    clearPage(page.words);
    page.isIndexChanged = true;
    this.#pages[number] = page;
    return page;
  }

  /** A page with the content of another, that takes the place of whatever the file leads to under its number. */
  copy(from: Page, number: number): Page {
    const page = new Page(number, from.bytes.slice(), false);
    page.markChanged(page.low, page.bytes.length);
    page.isIndexChanged = true;
    this.#pages[number] = page;
    return page;
  }

  /** Forgets a page that nothing leads to any more, changed or not. */
  forget(number: number): void {
    this.#pages[number] = undefined;
  }

  /** Adds the writes for a page as it is now: all of it when fresh, else what changed, the index last. */
  stage(page: Page): void {
    this.#stage(page, (offset, bytes) => this.#writes.addCopy(offset, bytes));
  }

  /** Adds the writes for the fresh pages; they may not change any more. */
  stageFresh(): void {
    for (const page of this.#pages) {
      if (page?.isFresh) this.#stage(page, (offset, bytes) => this.#writes.add(offset, bytes));
    }
  }

  /** Adds the writes for the changed pages that the file leads to; they may not change any more. */
  stageChanged(): void {
    const runs = new PageRuns(this.#header.pageBytes, this.#writes);
    for (const page of this.#pages) {
      if (page === undefined || page.isFresh || !page.isChanged) continue;
      if (page.isIndexChanged || !this.#header.isHostOrder)
        this.#stage(page, (offset, bytes) => this.#writes.add(offset, bytes));
      else {
        runs.add(page);
        page.markWritten();
      }
    }
    runs.end();
  }

  #stage(page: Page, add: (offset: number, bytes: Uint8Array) => void): void {
    const at = page.number * this.#header.pageBytes;
    if (page.isFresh) {
      add(at, this.#toFileOrder(page.bytes, indexBytes(page.count)));
    } else {
      if (page.changedFrom < page.changedTo) {
        add(at + page.changedFrom, page.bytes.subarray(page.changedFrom, page.changedTo));
      }
      const used = indexBytes(page.count);
      if (page.isIndexChanged) add(at, this.#toFileOrder(page.bytes.subarray(0, used), used));
    }
    page.markWritten();
  }

  /** Adds the write that makes a page one without pairs that leads to the page at an overflow address. */
  stageLinkOnly(number: number, address: number): void {
    const { pageBytes } = this.#header;
    const words = Uint16Array.of(2, address, 0, pageBytes - indexBytes(2), pageBytes);
    const bytes = new Uint8Array(words.buffer);
    this.#writes.add(number * pageBytes, this.#toFileOrder(bytes, bytes.length));
  }

  #toFileOrder(bytes: Uint8Array, wordBytes: number): Uint8Array {
    if (this.#header.isHostOrder) return bytes;
    const swapped = Buffer.from(bytes);
    swapped.subarray(0, wordBytes).swap16();
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
