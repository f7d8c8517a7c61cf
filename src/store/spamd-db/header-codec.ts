// A hash file's header as bytes: 260 of them, always big-endian (hash.h and hash.c of the BSDs' libc).

import { endianness } from 'node:os';
import { ceilLog2 } from './addressing.js';
import { HashFileError } from './hash-file-error.js';
import { hash4 } from './hash4.js';
import {
  CACHED,
  HEADER_BYTES,
  type Header,
  LARGEST_PAGE_BYTES,
  READ_ONLY_VERSION,
  VERSION,
} from './header.js';
import { headerProblem } from './header-problem.js';

const MAGIC = 0x061561;
const SMALLEST_PAGE_BYTES = 64;

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

const HOST_ORDER = endianness() === 'LE' ? LITTLE : BIG;

/**
 * The header at the beginning of a file of `fileBytes` bytes.
 * Throws {@link HashFileError} where it is not one, or where its fields contradict one another or the file's length.
 */
export function decodeHeader(bytes: Uint8Array, fileBytes: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === HEADER_BYTES && bytes.every(byte => byte === 0)) throw corrupt('its header is gone');
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
  const problem = headerProblem(header, fileBytes);
  if (problem !== undefined) throw corrupt(problem);
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
  if (pageBytes < SMALLEST_PAGE_BYTES || pageBytes !== 2 ** word(WORD.pageShift)) {
    throw corrupt(`page size ${pageBytes} is not 2 to the power of ${word(WORD.pageShift)}`);
  }
  if (pageBytes > LARGEST_PAGE_BYTES) {
    throw new HashFileError(
      'unsupported',
      `its pages have ${pageBytes} bytes, and only pages of up to ${LARGEST_PAGE_BYTES} are supported`,
    );
  }
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
