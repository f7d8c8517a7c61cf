// The pcapng capture file (draft-ietf-opsawg-pcapng): sections of blocks, interfaces with their own link types and clocks.

import { be32, u16, u32 } from './bytes.js';
import {
  MAXIMUM_CAPTURED,
  NEED_MORE,
  type RecordCursor,
  type RecordParser,
  STOPPED,
} from './record-cursor.js';
import { linkTypeProblem } from './savefile-problem.js';

/** Block types. The section header's reads the same in both byte orders. */
const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  enhancedPacket: 6,
} as const;
const OPTION = { end: 0, timestampResolution: 9, timestampOffset: 14 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type and length before a block's body, and the length again behind it. */
const HEAD_SIZE = 8;
const FRAME_SIZE = 12;
/** A block that we have to hold whole; others are passed over whatever their size. */
const MAXIMUM_BLOCK = MAXIMUM_CAPTURED + 65_536;
/** Interfaces of a section, which have to be remembered; no program writes as many. */
const MAXIMUM_INTERFACES = 65_536;
/** Bytes of a packet block before the packet. */
const PACKET_HEAD = 20;

interface Interface {
  readonly linkType: number;
  /** Units of a time stamp in a second. */
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** Whether the first four bytes are those of a pcapng file. */
export function isPcapng(bytes: Uint8Array, at: number): boolean {
  return be32(bytes, at) === BLOCK.section;
}

/** Steps through the packets of a pcapng file, section headers included. */
export class PcapngParser implements RecordParser {
  #isLittleEndian = true;
  #interfaces: Interface[] = [];
  /** Bytes of a block passed over that have not come yet, and those that have. */
  #skip = 0;
  #skipped = 0;
  problem: RecordParser['problem'];
  consumed = 0;

  next(cursor: RecordCursor, from: number, end: number): number {
    const { bytes } = cursor;
    let at = from;
    while (this.problem === undefined) {
      const skipped = Math.min(this.#skip, end - at);
      this.#skip -= skipped;
      this.#skipped += skipped;
      at += skipped;
      if (at + FRAME_SIZE > end) return this.#needMore(at);
      const isSection = be32(bytes, at) === BLOCK.section;
      if (isSection && !this.#readByteOrder(bytes, at)) break;
      const type = u32(bytes, at, this.#isLittleEndian);
      const length = u32(bytes, at + 4, this.#isLittleEndian);
      if (length < FRAME_SIZE || length % 4 !== 0) {
        this.problem = { kind: 'corrupt', message: `invalid pcapng block length ${length}` };
        break;
      }
      if (!isRead(type)) {
        this.#skip = length;
        this.#skipped = 0;
        continue;
      }
      if (length > MAXIMUM_BLOCK) {
        this.problem = { kind: 'corrupt', message: `pcapng block of ${length} bytes` };
        break;
      }
      if (at + length > end) return this.#needMore(at);
      if (u32(bytes, at + length - 4, this.#isLittleEndian) !== length) {
        this.problem = { kind: 'corrupt', message: 'pcapng block with two different lengths' };
        break;
      }
      if (this.#readBlock(type, bytes, at, length, cursor)) return at + length;
      if (this.problem === undefined) at += length;
    }
    this.consumed = at;
    return STOPPED;
  }

  #needMore(at: number): typeof NEED_MORE {
    this.consumed = at;
    return NEED_MORE;
  }

  #readByteOrder(bytes: Uint8Array, at: number): boolean {
    const magic = be32(bytes, at + HEAD_SIZE);
    if (magic === BYTE_ORDER_MAGIC) this.#isLittleEndian = false;
    else if (u32(bytes, at + HEAD_SIZE, true) === BYTE_ORDER_MAGIC) this.#isLittleEndian = true;
    else {
      this.problem = { kind: 'corrupt', message: 'pcapng section without a byte-order magic' };
      return false;
    }
    return true;
  }

  /** Bytes that have come of a block passed over whose end has not; 0 when there is no such block. */
  get insideBlock(): number {
    return this.#skip > 0 ? this.#skipped : 0;
  }

  /** Whether the block is a packet that the cursor now stands on. */
  #readBlock(type: number, bytes: Uint8Array, at: number, length: number, cursor: RecordCursor): boolean {
    if (type === BLOCK.section) this.#interfaces = [];
    else if (type === BLOCK.interface) this.#readInterface(bytes, at, length);
    else return this.#readPacket(type, bytes, at, length, cursor);
    return false;
  }

  #readInterface(bytes: Uint8Array, at: number, length: number): void {
    if (length < FRAME_SIZE + 8) {
      this.problem = { kind: 'corrupt', message: 'pcapng interface block too short' };
      return;
    }
    if (this.#interfaces.length === MAXIMUM_INTERFACES) {
      this.problem = { kind: 'corrupt', message: `more than ${MAXIMUM_INTERFACES} pcapng interfaces` };
      return;
    }
    const order = this.#isLittleEndian;
    let unitsPerSecond = 1_000_000n;
    let offsetSeconds = 0n;
    const end = at + length - 4;
    for (let option = at + HEAD_SIZE + 8; option + 4 <= end; ) {
      const code = u16(bytes, option, order);
      const size = u16(bytes, option + 2, order);
      if (code === OPTION.end || option + 4 + size > end) break;
      if (code === OPTION.timestampResolution && size >= 1) unitsPerSecond = resolution(bytes[option + 4]!);
      if (code === OPTION.timestampOffset && size >= 8) {
        const high = u32(bytes, option + (order ? 8 : 4), order) | 0;
        offsetSeconds = (BigInt(high) << 32n) + BigInt(u32(bytes, option + (order ? 4 : 8), order));
      }
      option += 4 + ((size + 3) & ~3);
    }
    this.#interfaces.push({ linkType: u16(bytes, at + HEAD_SIZE, order), unitsPerSecond, offsetSeconds });
  }

  #readPacket(type: number, bytes: Uint8Array, at: number, length: number, cursor: RecordCursor): boolean {
    const order = this.#isLittleEndian;
    if (type === BLOCK.simplePacket) {
      this.problem = { kind: 'corrupt', message: 'pcapng simple packet block, which has no time' };
      return false;
    }
    if (length < FRAME_SIZE + PACKET_HEAD) {
      this.problem = { kind: 'corrupt', message: 'pcapng packet block too short' };
      return false;
    }
    const number =
      type === BLOCK.enhancedPacket ? u32(bytes, at + HEAD_SIZE, order) : u16(bytes, at + HEAD_SIZE, order);
    const from = this.#interfaces[number];
    const captured = u32(bytes, at + 20, order);
    if (from === undefined || captured > length - FRAME_SIZE - PACKET_HEAD || captured > MAXIMUM_CAPTURED) {
      const message =
        from === undefined
          ? `pcapng packet of undeclared interface ${number}`
          : `invalid packet capture length ${captured}`;
      this.problem = { kind: 'corrupt', message };
      return false;
    }
    const linkProblem = linkTypeProblem(from.linkType);
    if (linkProblem) {
      this.problem = linkProblem;
      return false;
    }
    const units = (BigInt(u32(bytes, at + 12, order)) << 32n) | BigInt(u32(bytes, at + 16, order));
    const seconds = units / from.unitsPerSecond;
    cursor.at = at + HEAD_SIZE + PACKET_HEAD;
    cursor.end = cursor.at + captured;
    cursor.originalLength = u32(bytes, at + 24, order);
    cursor.seconds = Number(BigInt.asUintN(32, seconds + from.offsetSeconds));
    cursor.nanoseconds = Number(((units % from.unitsPerSecond) * 1_000_000_000n) / from.unitsPerSecond);
    cursor.linkType = from.linkType;
    cursor.isLittleEndian = order;
    return true;
  }
}

function isRead(type: number): boolean {
  return (
    type === BLOCK.section ||
    type === BLOCK.interface ||
    type === BLOCK.enhancedPacket ||
    type === BLOCK.obsoletePacket ||
    type === BLOCK.simplePacket
  );
}

/** if_tsresol: a negative power of ten, or of two when the highest bit is set. */
function resolution(value: number): bigint {
  return (value & 0x80) !== 0 ? 1n << BigInt(value & 0x7f) : 10n ** BigInt(value);
}
