// The header of a hash file: where everything is (HASHHDR of hash.h in the BSDs' libc).

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

/** How many split points, and bitmap pages, a header has room for. */
export const CACHED = 32;

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
