// Changes of pages that lie one after the other, in the file and in memory, made one write.

import type { Page } from './page.js';
import type { WriteList } from './write-list.js';

/**
 * The most unchanged bytes between two changes that are written along with them: a page of the system's, which takes
 * about as long as another write.
 */
const GAP_BYTES = 4096;

/**
 * Adds writes for pages on which nothing but values was overwritten. What lies between two changes is as it is in the
 * file, so that a write cut short leaves no page worse than one write for each.
 */
export class PageRuns {
  readonly #pageBytes: number;
  readonly #writes: WriteList;
  /** The bytes that the run is a part of. */
  #memory: ArrayBufferLike | undefined;
  /** Where in these the file begins. */
  #base = 0;
  /** The number of the run's last page. */
  #last = 0;
  /** The run's bytes in the file: from, and to. */
  #from = 0;
  #to = 0;

  constructor(pageBytes: number, writes: WriteList) {
    this.#pageBytes = pageBytes;
    this.#writes = writes;
  }

  /** Adds a page in this machine's byte order, whose number is higher than the last one's. */
  add(page: Page): void {
    const at = page.number * this.#pageBytes;
    const { buffer, byteOffset } = page.bytes;
    const base = byteOffset - at;
    const from = at + page.changedFrom;
    const isNext = page.number === this.#last + 1 && buffer === this.#memory && base === this.#base;
    if (!isNext || from - this.#to > GAP_BYTES) {
      this.end();
      this.#memory = buffer;
      this.#base = base;
      this.#from = from;
    }
    this.#last = page.number;
    this.#to = at + page.changedTo;
  }

  /** Adds the write of the last run. */
  end(): void {
    if (this.#memory === undefined) return;
    const bytes = new Uint8Array(this.#memory, this.#base + this.#from, this.#to - this.#from);
    this.#writes.add(this.#from, bytes);
    this.#memory = undefined;
  }
}
