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

const SMALLEST_NEW_PAGE_BYTES = 512;

/** Pages of a new file: the header, two buckets and the bitmap. */
const NEW_PAGES = 4;

/** The longest file that may be {@link isBlank}. */
export const LONGEST_BLANK: number = NEW_PAGES * LARGEST_PAGE_BYTES;

/** The parts of a new hash file as libc makes one, its page size the file system's preferred block (st_blksize). */
export function createParts(file: PageSource, blockBytes: number): HashParts {
  const wanted = Math.min(Math.max(blockBytes, SMALLEST_NEW_PAGE_BYTES), LARGEST_PAGE_BYTES);
  const header = createHeader(2 ** Math.floor(Math.log2(wanted)));
  const parts = new HashParts(file, header, new Uint8Array(0));
  const buckets = [0, 1].map(bucket => parts.pages.create(bucketPage(header, bucket)));
  parts.overflow.createFirst();
  // The new file is written before anything is put into it, so that one without a header is known to hold nothing.
  for (const page of buckets) parts.pages.stage(page);
  parts.stageSupport();
  return parts;
}

/**
 * Whether a file holds nothing yet, and has no header: spamd makes it without bytes, and the writer that then made it a
 * hash file may have been killed before the header was there. A file that has lost its header is another thing.
 */
export function isBlank(file: PageSource): boolean {
  if (file.read(0, HEADER_BYTES).some(byte => byte !== 0)) return false;
  for (let pageBytes = SMALLEST_NEW_PAGE_BYTES; pageBytes <= LARGEST_PAGE_BYTES; pageBytes *= 2) {
    if (file.size <= NEW_PAGES * pageBytes && isBegun(file, pageBytes)) return true;
  }
  return false;
}

/** Whether a file without a header has nothing but a part of what {@link createParts} writes. */
function isBegun(file: PageSource, pageBytes: number): boolean {
  const written = new Uint8Array(NEW_PAGES * pageBytes);
  for (const { offset, bytes } of createParts({ size: 0, read: () => new Uint8Array(0) }, pageBytes).stage())
    written.set(bytes, offset);
  return file
    .read(0, file.size)
    .every((byte, at) => byte === 0 || (byte === written[at] && at >= HEADER_BYTES));
}
