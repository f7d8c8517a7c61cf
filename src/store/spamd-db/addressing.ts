// Where a hash file keeps what: buckets and overflow addresses as page numbers (the macros of hash.h and page.h).

import { HashFileError } from './hash-file-error.js';
import type { Header } from './header.js';

/** An overflow address is 16 bits: the split point above, the page within it below. */
export const OVERFLOW_PAGE_BITS = 11;

/** The last overflow page of one split point. */
export const LAST_OVERFLOW_PAGE: number = (1 << OVERFLOW_PAGE_BITS) - 1;

/** The smallest i with 2^i >= n. */
export function ceilLog2(n: number): number {
  return n <= 1 ? 0 : 32 - Math.clz32(n - 1);
}

/** The page that a bucket's chain begins on. */
export function bucketPage(header: Header, bucket: number): number {
  const spares = bucket === 0 ? 0 : header.spares[ceilLog2(bucket + 1) - 1]!;
  return bucket + header.headerPages + spares;
}

/** The bucket that a key with this hash belongs in. */
export function bucketOfHash(header: Header, hash: number): number {
  const bucket = (hash & header.highMask) >>> 0;
  return bucket > header.maxBucket ? (hash & header.lowMask) >>> 0 : bucket;
}

/** The page at an overflow address, which `page` refers to; throws where no such page was ever allocated. */
export function overflowPage(header: Header, address: number, page: number): number {
  const split = address >>> OVERFLOW_PAGE_BITS;
  const within = address & LAST_OVERFLOW_PAGE;
  const before = split === 0 ? 0 : header.spares[split - 1]!;
  if (within === 0 || split > header.overflowPoint || within > header.spares[split]! - before) {
    throw new HashFileError(
      'corrupt',
      `it refers to overflow page ${within} of split point ${split}, which was never allocated`,
      page,
    );
  }
  return bucketPage(header, 2 ** split - 1) + within;
}

/** The number, from 1 on, that an overflow address has among all overflow pages: its bit in the bitmaps, plus 1. */
export function overflowNumber(header: Header, address: number): number {
  const split = address >>> OVERFLOW_PAGE_BITS;
  return (split === 0 ? 0 : header.spares[split - 1]!) + (address & LAST_OVERFLOW_PAGE);
}

/** The overflow address of the overflow page with this number. */
export function overflowAddress(header: Header, number: number): number {
  let split = 0;
  while (split < header.overflowPoint && number > header.spares[split]!) split++;
  const within = number - (split === 0 ? 0 : header.spares[split - 1]!);
  if (within > LAST_OVERFLOW_PAGE) {
    throw new HashFileError(
      'full',
      `all ${LAST_OVERFLOW_PAGE} overflow pages of split point ${split} are used`,
    );
  }
  return (split << OVERFLOW_PAGE_BITS) | within;
}
