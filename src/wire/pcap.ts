// The classic capture file: file header, record headers (pcap-savefile(5)), in both byte orders.

import { be32, u16, u32 } from './bytes.js';
import {
  MAXIMUM_CAPTURED as LONGEST,
  NEED_MORE,
  RESTART,
  type RecordCursor,
  type RecordParser,
  STOPPED,
} from './record-cursor.js';
import { LINK_TYPE, linkTypeProblem } from './savefile-problem.js';

// V8 takes a module's own constants for what they are, but looks imported ones up again for every record.
const MAXIMUM_CAPTURED = LONGEST;

/** Where the fields of the file header are. */
const FILE = { magic: 0, major: 4, minor: 6, linkType: 20, size: 24 } as const;

/** Where the fields of a record header are; Kuznetzov's (libpcap's "modified" format) has 8 bytes more. */
const RECORD = { seconds: 0, fraction: 4, captured: 8, original: 12, size: 16, kuznetzovSize: 24 } as const;

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const KUZNETZOV = 0xa1b2cd34;
/** The first byte of every magic, the last one in the other byte order. */
const MAGIC_BYTE = 0xa1;
const MAGICS: readonly number[] = [MICROSECONDS, NANOSECONDS, KUZNETZOV];

/** Size of the file header in bytes. */
export const PCAP_FILE_HEADER_SIZE: number = FILE.size;

/** A decoded file header. */
export interface PcapFileHeader {
  readonly isLittleEndian: boolean;
  readonly isNanoseconds: boolean;
  readonly recordHeaderSize: number;
  readonly major: number;
  readonly minor: number;
  readonly linkType: number;
}

/** The byte order of a classic capture file by its first four bytes, or undefined when they are not such a file's. */
export function pcapByteOrder(bytes: Uint8Array, at: number): 'little' | 'big' | undefined {
  if (MAGICS.includes(be32(bytes, at))) return 'big';
  return MAGICS.includes(u32(bytes, at, true)) ? 'little' : undefined;
}

/** Decodes the 24 bytes of a file header, whose magic {@link pcapByteOrder} has recognised. */
export function decodePcapFileHeader(bytes: Uint8Array, at: number): PcapFileHeader {
  const isLittleEndian = pcapByteOrder(bytes, at) === 'little';
  const magic = u32(bytes, at, isLittleEndian);
  return {
    isLittleEndian,
    isNanoseconds: magic === NANOSECONDS,
    recordHeaderSize: magic === KUZNETZOV ? RECORD.kuznetzovSize : RECORD.size,
    major: u16(bytes, at + FILE.major, isLittleEndian),
    minor: u16(bytes, at + FILE.minor, isLittleEndian),
    // The bits above say whether packets end with a frame check sequence, which ours never do.
    linkType: u32(bytes, at + FILE.linkType, isLittleEndian) & 0xffff,
  };
}

function versionProblem({ major, minor }: PcapFileHeader): RecordParser['problem'] {
  if (major === 2) return undefined;
  return { kind: 'format', message: `is of savefile version ${major}.${minor}; only version 2 is read` };
}

/** Whether a file header of version 2.4 stands here, magic and all. */
function isFileHeader(bytes: Uint8Array, at: number): boolean {
  const order = pcapByteOrder(bytes, at);
  if (order === undefined) return false;
  const isLittleEndian = order === 'little';
  return (
    u16(bytes, at + FILE.major, isLittleEndian) === 2 && u16(bytes, at + FILE.minor, isLittleEndian) === 4
  );
}

/** A stretch of a classic capture file, for loops that know its layout themselves. */
export interface PcapWindow {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the next record begins; moved on by whoever has read records. */
  at: number;
  /** Where the bytes end that have come so far. */
  readonly end: number;
  readonly isLittleEndian: boolean;
}

/** Steps through the records behind a file header. */
export class PcapParser implements RecordParser {
  readonly #header: PcapFileHeader;
  readonly #fractionScale: number;
  readonly #fractionLimit: number;
  problem: RecordParser['problem'];
  consumed = 0;

  constructor(header: PcapFileHeader) {
    this.#header = header;
    this.#fractionScale = header.isNanoseconds ? 1 : 1000;
    this.#fractionLimit = header.isNanoseconds ? 1_000_000_000 : 1_000_000;
    this.problem = linkTypeProblem(header.linkType) ?? versionProblem(header);
  }

  /** Whether the records are pflog ones in the layout of today: 16-byte headers, lengths in today's order. */
  get isPlainPflog(): boolean {
    const { recordHeaderSize, linkType, major, minor } = this.#header;
    return recordHeaderSize === RECORD.size && linkType === LINK_TYPE.pflog && major === 2 && minor >= 4;
  }

  /** Byte order of the file. */
  get isLittleEndian(): boolean {
    return this.#header.isLittleEndian;
  }

  next(cursor: RecordCursor, at: number, end: number): number {
    if (this.problem !== undefined) return STOPPED;
    const { isLittleEndian, recordHeaderSize, linkType, minor } = this.#header;
    const { bytes, view } = cursor;
    const dataAt = at + recordHeaderSize;
    this.consumed = at;
    if (dataAt > end) return NEED_MORE;
    // Two captures in one file: a file header stands where a record would. Its version cannot be a fraction's value
    // together with a magic as the time before the year 2055.
    if ((bytes[at] === MAGIC_BYTE || bytes[at + 3] === MAGIC_BYTE) && isFileHeader(bytes, at)) return RESTART;
    let captured = view.getUint32(at + RECORD.captured, isLittleEndian);
    let original = view.getUint32(at + RECORD.original, isLittleEndian);
    if (minor < 3 || (minor === 3 && captured > original)) [captured, original] = [original, captured];
    if (captured > MAXIMUM_CAPTURED) {
      this.problem = { kind: 'corrupt', message: `invalid packet capture length ${captured}` };
      return STOPPED;
    }
    const next = dataAt + captured;
    if (next > end) return NEED_MORE;
    const fraction = view.getUint32(at + RECORD.fraction, isLittleEndian);
    cursor.at = dataAt;
    cursor.end = next;
    cursor.originalLength = original;
    cursor.seconds = view.getUint32(at + RECORD.seconds, isLittleEndian);
    // A fraction beyond the second is damage that hurts nobody: the whole seconds are what counts.
    cursor.nanoseconds = fraction < this.#fractionLimit ? fraction * this.#fractionScale : 0;
    cursor.linkType = linkType;
    cursor.isLittleEndian = isLittleEndian;
    return next;
  }
}
