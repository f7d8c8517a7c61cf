// The chains of a hash file: the pages of a bucket one after the other, and the pairs on them.

import { bucketPage, overflowPage } from './addressing.js';
import { readBigPair } from './big-pair.js';
import { HashFileError } from './hash-file-error.js';
import type { Header } from './header.js';
import type { Page } from './page.js';
import type { Pages } from './pages.js';

/** A key and its value, parts of a page's bytes while that page is unchanged. */
export interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** The page that the pair is, or begins, on. */
  readonly page: number;
}

/** Where a key's value was found: `length` bytes from `at` on. */
export interface Found {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** The page that these are the bytes of; undefined for a value larger than a page. */
  readonly page: Page | undefined;
}

/** Reads chains, and keeps which pages each has. */
export class Chains {
  readonly #header: Header;
  readonly #pages: Pages;
  /** By bucket. An array, since a batch may come to all of them. */
  readonly #chains: (Page[] | undefined)[];
  /** Which bucket each page was met in. */
  readonly #owners: (number | undefined)[];
  #areAllLoaded = false;

  constructor(header: Header, pages: Pages) {
    this.#header = header;
    this.#pages = pages;
    this.#chains = new Array(header.maxBucket + 1);
    this.#owners = new Array(pages.count);
  }

  /** The pages of a bucket, at least one. */
  load(bucket: number): Page[] {
    const known = this.#chains[bucket];
    if (known) return known;
    const chain: Page[] = [];
    let number = bucketPage(this.#header, bucket);
    let from = 0;
    for (;;) {
      this.#own(number, bucket, from);
      const page = this.#pages.load(number);
      chain.push(page);
      if (page.next === 0) break;
      from = number;
      number = overflowPage(this.#header, page.next, from);
    }
    this.#chains[bucket] = chain;
    return chain;
  }

  /** Reads all chains there are, once: from then on {@link ownerOf} knows every page's. */
  loadAll(): void {
    if (this.#areAllLoaded) return;
    for (let bucket = 0; bucket <= this.#header.maxBucket; bucket++) this.load(bucket);
    this.#areAllLoaded = true;
  }

  #own(page: number, bucket: number, from: number): void {
    const owner = this.#owners[page];
    if (owner === bucket) {
      throw new HashFileError('corrupt', `its link leads back to page ${page} of the same chain`, from);
    }
    if (owner !== undefined) {
      throw new HashFileError(
        'corrupt',
        `it is in the chains of bucket ${owner} and of bucket ${bucket}`,
        page,
      );
    }
    this.#owners[page] = bucket;
  }

  /** The bucket in whose chain a page was met so far. */
  ownerOf(page: number): number | undefined {
    return this.#owners[page];
  }

  /** From now on a bucket's chain is these pages. */
  replace(bucket: number, chain: Page[]): void {
    for (const page of this.#chains[bucket] ?? []) this.#owners[page.number] = undefined;
    for (const page of chain) this.#own(page.number, bucket, page.number);
    this.#chains[bucket] = chain;
  }

  /** Adds a page to the end of a bucket's chain. */
  extend(bucket: number, page: Page): void {
    this.#owners[page.number] = bucket;
    this.load(bucket).push(page);
  }

  /** All pairs of a bucket, in the file's order. */
  pairs(bucket: number): Pair[] {
    const chain = this.load(bucket);
    const pairs: Pair[] = [];
    for (let i = 0; i < chain.length; i++) {
      const page = chain[i]!;
      if (page.isBig) {
        const big = readBigPair(chain, i);
        pairs.push(big);
        i += big.pages - 1;
        continue;
      }
      for (let index = 1; index < page.pairWords; index += 2) {
        pairs.push({ key: page.key(index), value: page.value(index), page: page.number });
      }
    }
    return pairs;
  }

  /** Where the value of the first pair of a bucket with this key is. */
  find(bucket: number, key: Uint8Array): Found | undefined {
    const chain = this.load(bucket);
    for (let i = 0; i < chain.length; i++) {
      const page = chain[i]!;
      if (page.isBig) {
        const { key: bigKey, value, pages } = readBigPair(chain, i);
        if (Buffer.compare(bigKey, key) === 0)
          return { bytes: value, at: 0, length: value.length, page: undefined };
        i += pages - 1;
        continue;
      }
      const index = page.find(key);
      if (index === 0) continue;
      const at = page.words[index + 1]!;
      return { bytes: page.bytes, at, length: page.words[index]! - at, page };
    }
    return undefined;
  }

  /** Whether a bucket has a pair larger than a page. */
  hasBig(bucket: number): boolean {
    return this.load(bucket).some(page => page.isBig);
  }
}
