// The header of a Berkeley DB 1.85 hash file: 260 bytes, always big-endian (hash.h and hash.c of the BSDs' libc).

import { endianness } from 'node:os';
import { bucketPage, ceilLog2 } from './addressing.js';
import { HashFileError } from './hash-file-error.js';
import { hash4 } from './hash4.js';

/** Bytes of a header. */
export const HEADER_BYTES = 260;

/** The version that is written; {@link READ_ONLY_VERSION} is read only. */
export const VERSION = 2;

/** The version before, which has the same layout. */
export const READ_ONLY_VERSION = 1;

/** The largest page supported: on larger ones the 16-bit offsets of Berkeley DB 1.85 wrap around. */
export const LARGEST_PAGE_BYTES = 32_768;

/** `ffactor` of a file whose fill factor is decided by its first full page. */
export const UNDECIDED_FILL = 65_536;

const MAGIC = 0x061561;
const SMALLEST_PAGE_BYTES = 64;

/**
 * Overflow pages that were given back before they were ever written lie beyond the end of the file, and so do those
 * behind buckets that are still to come; more than that is damage.
 */
const UNWRITTEN_PAGES = 128;

const CACHED = 32;
const LITTLE = 1234;
const BIG = 4321;

/** What libc hashes to tell whether a file was made with the same hash function, its NUL included. */
const CHARKEY = hash4(Buffer.from('%$sniglet^&\0', 'latin1'));

/** Offsets of the fields that are single 32-bit words, in the file's order. */
const WORD = {
  magic: 0,
  version: 4,
  order: 8,
  pageBytes: 12,
  pageShift: 16,
  segments: 20,
  segmentBuckets: 24,
  segmentShift: 28,
  overflowPoint: 32,
  lastFreed: 36,
  maxBucket: 40,
  highMask: 44,
  lowMask: 48,
  fillFactor: 52,
  keys: 56,
  headerPages: 60,
  charkey: 64,
} as const;

const SPARES_AT = 68;
const BITMAPS_AT = 196;

/** The fields of a header that say where things are; the others never change. */
export interface Header {
  readonly version: number;
  /** Whether the 16-bit words of pages and the 32-bit words of bitmaps are in this machine's byte order. */
  readonly isHostOrder: boolean;
  readonly pageBytes: number;
  /** The split point that overflow pages are allocated at. */
  overflowPoint: number;
  /** Where the search for a free overflow page begins, as a bit number. */
  lastFreed: number;
  /** The number of the last bucket. */
  maxBucket: number;
  highMask: number;
  lowMask: number;
  /** Pairs per bucket beyond which the file is given another bucket. */
  fillFactor: number;
  /** How many pairs there are; a guide for splitting, no more. */
  keys: number;
  readonly headerPages: number;
  /** How libc divides its table of buckets in memory: segments, buckets in each, and that as a power of 2. */
  readonly segments: number;
  readonly segmentBuckets: number;
  readonly segmentShift: number;
  /** Overflow pages allocated up to and including each split point. */
  readonly spares: Uint32Array;
  /** Overflow addresses of the bitmap pages, 0 where there is none. */
  readonly bitmaps: Uint16Array;
}

const HOST_ORDER = endianness() === 'LE' ? LITTLE : BIG;

/**
 * The header at the beginning of a file of `fileBytes` bytes.
 * Throws {@link HashFileError} where it is not one, or where its fields contradict one another or the file's length.
 */
export function decodeHeader(bytes: Uint8Array, fileBytes: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(WORD.magic) !== MAGIC) {
    throw new HashFileError('not-ours', 'it is no Berkeley DB 1.85 hash file');
  }
  const word = (at: number): number => view.getUint32(at);
  checkKind(word);
  const header: Header = {
    version: word(WORD.version),
    isHostOrder: word(WORD.order) === HOST_ORDER,
    pageBytes: word(WORD.pageBytes),
    overflowPoint: word(WORD.overflowPoint),
    lastFreed: word(WORD.lastFreed),
    maxBucket: word(WORD.maxBucket),
    highMask: word(WORD.highMask),
    lowMask: word(WORD.lowMask),
    fillFactor: word(WORD.fillFactor),
    keys: word(WORD.keys),
    headerPages: word(WORD.headerPages),
    segments: word(WORD.segments),
    segmentBuckets: word(WORD.segmentBuckets),
    segmentShift: word(WORD.segmentShift),
    spares: Uint32Array.from({ length: CACHED }, (_, i) => view.getUint32(SPARES_AT + 4 * i)),
    bitmaps: Uint16Array.from({ length: CACHED }, (_, i) => view.getUint16(BITMAPS_AT + 2 * i)),
  };
  checkConsistency(header, fileBytes);
  return header;
}

function checkKind(word: (at: number) => number): void {
  const version = word(WORD.version);
  if (version !== VERSION && version !== READ_ONLY_VERSION) {
    throw new HashFileError('not-ours', `its hash format is version ${version}, not ${VERSION}`);
  }
  const order = word(WORD.order);
  if (order !== LITTLE && order !== BIG) throw corrupt(`byte order ${order} is neither ${LITTLE} nor ${BIG}`);
  if (word(WORD.charkey) !== CHARKEY) {
    throw new HashFileError('not-ours', 'it was made with another hash function');
  }
  const pageBytes = word(WORD.pageBytes);
  if (pageBytes > LARGEST_PAGE_BYTES) {
    throw new HashFileError(
      'unsupported',
      `its pages have ${pageBytes} bytes, and only pages of up to ${LARGEST_PAGE_BYTES} are supported`,
    );
  }
  if (pageBytes < SMALLEST_PAGE_BYTES || pageBytes !== 2 ** word(WORD.pageShift)) {
    throw corrupt(`page size ${pageBytes} is not 2 to the power of ${word(WORD.pageShift)}`);
  }
}

function checkConsistency(header: Header, fileBytes: number): void {
  const { maxBucket, highMask, lowMask, overflowPoint, spares } = header;
  const areMasks =
    highMask === 2 * lowMask + 1 && (highMask & lowMask) === lowMask && (lowMask & (lowMask + 1)) === 0;
  if (!areMasks || maxBucket < lowMask || maxBucket > highMask) {
    throw corrupt(`bucket ${maxBucket} does not go with the masks ${lowMask} and ${highMask}`);
  }
  if (header.headerPages !== Math.ceil(HEADER_BYTES / header.pageBytes)) {
    throw corrupt(`the header does not take ${header.headerPages} pages`);
  }
  if (overflowPoint >= CACHED || overflowPoint < ceilLog2(maxBucket + 1)) {
    throw corrupt(`split point ${overflowPoint} does not go with bucket ${maxBucket}`);
  }
  const pages = Math.floor(fileBytes / header.pageBytes);
  for (let i = 0; i <= overflowPoint; i++) {
    const before = i === 0 ? 0 : spares[i - 1]!;
    if (spares[i]! < before) throw corrupt(`split point ${i} has fewer overflow pages than ${i - 1}`);
    const end = bucketPage(header, 2 ** i - 1) + spares[i]! - before;
    if (spares[i]! > before && end > 2 * pages + UNWRITTEN_PAGES) {
      throw corrupt(`split point ${i} has overflow pages up to page ${end}, and the file has ${pages} pages`);
    }
  }
  const last = bucketPage(header, maxBucket);
  if (last >= pages) throw corrupt(`bucket ${maxBucket} is on page ${last}, and the file has ${pages} pages`);
}

function corrupt(problem: string): HashFileError {
  return new HashFileError('corrupt', problem, 0);
}

/** The header's 260 bytes. */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const otherOrder = HOST_ORDER === LITTLE ? BIG : LITTLE;
  const words: Record<keyof typeof WORD, number> = {
    magic: MAGIC,
    version: header.version,
    order: header.isHostOrder ? HOST_ORDER : otherOrder,
    pageBytes: header.pageBytes,
    pageShift: ceilLog2(header.pageBytes),
    segments: header.segments,
    segmentBuckets: header.segmentBuckets,
    segmentShift: header.segmentShift,
    overflowPoint: header.overflowPoint,
    lastFreed: header.lastFreed,
    maxBucket: header.maxBucket,
    highMask: header.highMask,
    lowMask: header.lowMask,
    fillFactor: header.fillFactor,
    keys: header.keys,
    headerPages: header.headerPages,
    charkey: CHARKEY,
  };
  for (const [name, at] of Object.entries(WORD)) view.setUint32(at, words[name as keyof typeof WORD]);
  header.spares.forEach((count, i) => {
    view.setUint32(SPARES_AT + 4 * i, count);
  });
  header.bitmaps.forEach((address, i) => {
    view.setUint16(BITMAPS_AT + 2 * i, address);
  });
  return bytes;
}

/**
 * The header that libc gives a file opened for the first time with an empty HASHINFO, as spamd does: two buckets,
 * and one overflow page that holds the bitmap.
 */
export function createHeader(pageBytes: number): Header {
  const spares = new Uint32Array(CACHED);
  spares[1] = 2;
  spares[2] = 2;
  const bitmaps = new Uint16Array(CACHED);
  bitmaps[0] = 0x0801;
  return {
    version: VERSION,
    isHostOrder: true,
    pageBytes,
    overflowPoint: 1,
    lastFreed: 2,
    maxBucket: 1,
    highMask: 3,
    lowMask: 1,
    fillFactor: UNDECIDED_FILL,
    keys: 0,
    headerPages: Math.ceil(HEADER_BYTES / pageBytes),
    segments: 256,
    segmentBuckets: 256,
    segmentShift: 8,
    spares,
    bitmaps,
  };
}
