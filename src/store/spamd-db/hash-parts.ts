// What makes up an open hash file: header, pages, chains and bitmaps, and the writes that bring changes to the file.

import { bucketPage, overflowPage } from './addressing.js';
import { Chains } from './chains.js';
import { HashFileError } from './hash-file-error.js';
import { createHeader, HEADER_BYTES, type Header, LARGEST_PAGE_BYTES } from './header.js';
import { decodeHeader, encodeHeader } from './header-codec.js';
import { OverflowMap } from './overflow-map.js';
import type { Page } from './page.js';
import type { PageSource } from './page-file.js';
import { Pages } from './pages.js';
import { type Write, WriteList } from './write-list.js';

/** An overflow page, and its overflow address. */
export interface OverflowPage {
  readonly page: Page;
  readonly address: number;
}

/** The parts share one header and one list of writes. */
export class HashParts {
  readonly header: Header;
  readonly pages: Pages;
  readonly chains: Chains;
  readonly overflow: OverflowMap;
  readonly #writes = new WriteList();
  /** The header as the file has it once the writes are done. */
  #staged: Uint8Array;

  /** @param staged the header's bytes in the file, none when the file is new. */
  constructor(file: PageSource, header: Header, staged: Uint8Array) {
    this.header = header;
    this.#staged = staged;
    this.pages = new Pages(file, header, this.#writes);
    this.chains = new Chains(header, this.pages);
    this.overflow = new OverflowMap(header, this.pages, this.#writes);
  }

  /** A new overflow page, to which nothing leads yet: all chains are looked at, since a bitmap may be wrong. */
  createOverflow(): OverflowPage {
    const address = this.overflow.allocate();
    const number = overflowPage(this.header, address, 0);
    if (this.header.bitmaps.includes(address)) {
      throw new HashFileError('corrupt', 'it is a bitmap, and says that it is free itself', number);
    }
    this.chains.loadAll();
    const owner = this.chains.ownerOf(number);
    if (owner !== undefined) {
      throw new HashFileError(
        'corrupt',
        `it is in the chain of bucket ${owner}, and the bitmap says free`,
        number,
      );
    }
    return { page: this.pages.create(number), address };
  }

  /** Adds the writes of the bitmaps and then of the header, where they differ from the file's. */
  stageSupport(): void {
    this.overflow.stage();
    const bytes = encodeHeader(this.header);
    if (Buffer.compare(bytes, this.#staged) === 0) return;
    this.#writes.add(0, bytes);
    this.#staged = bytes;
  }

  /**
   * Adds the writes of all changes, in order: pages that nothing leads to yet, the bitmaps, the header, then the pages
   * that lead to the others; and gives all writes so far. After each of them the file is whole.
   */
  stage(): readonly Write[] {
    this.pages.stageFresh();
    this.stageSupport();
    this.pages.stageChanged();
    return this.#writes.take();
  }
}

/** The parts of the hash file in these bytes; throws {@link HashFileError} where there is none. */
export function openParts(file: PageSource): HashParts {
  const bytes = file.read(0, HEADER_BYTES);
  return new HashParts(file, decodeHeader(bytes, file.size), bytes);
}

/** Whether a file has no header yet: spamd makes it without bytes, and a writer may die before the header is there. */
export function isBlank(file: PageSource): boolean {
  return file.read(0, HEADER_BYTES).every(byte => byte === 0);
}

const SMALLEST_NEW_PAGE_BYTES = 512;

/** The parts of a new hash file as libc makes one, its page size the file system's preferred block (st_blksize). */
export function createParts(file: PageSource, blockBytes: number): HashParts {
  const wanted = Math.min(Math.max(blockBytes, SMALLEST_NEW_PAGE_BYTES), LARGEST_PAGE_BYTES);
  const header = createHeader(2 ** Math.floor(Math.log2(wanted)));
  const parts = new HashParts(file, header, new Uint8Array(0));
  for (const bucket of [0, 1]) parts.pages.create(bucketPage(header, bucket));
  parts.overflow.createFirst();
  return parts;
}
