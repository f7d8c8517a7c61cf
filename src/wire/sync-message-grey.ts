// The GREY entry of a synchronisation message: a fixed part, three strings with their NULs, zeros up to a multiple of 16.

import type { SyncGreyEntry } from './sync-message.js';
import { ENTRY, GREY_ENTRY, TYPE } from './sync-message-layout.js';

/**
 * The GREY entry at `at`, whether spamd or greyd laid it out, or undefined when its strings do not fit into it. The two
 * cannot be mistaken for one another: greyd's padding would be NULs in the middle of spamd's strings.
 */
export function decodeGreyEntry(view: DataView, at: number, length: number): SyncGreyEntry | undefined {
  return (
    decodeWithFixedPart(GREY_ENTRY.packedSize, view, at, length) ??
    decodeWithFixedPart(GREY_ENTRY.paddedSize, view, at, length)
  );
}

function decodeWithFixedPart(
  fixed: number,
  view: DataView,
  at: number,
  length: number,
): SyncGreyEntry | undefined {
  if (length < fixed) return undefined;
  const fromLength = view.getUint16(at + GREY_ENTRY.fromLength);
  const toLength = view.getUint16(at + GREY_ENTRY.toLength);
  const heloLength = view.getUint16(at + GREY_ENTRY.heloLength);
  if (fixed + fromLength + toLength + heloLength > length) return undefined;
  const from = readString(view, at + fixed, fromLength);
  const to = readString(view, at + fixed + fromLength, toLength);
  const helo = readString(view, at + fixed + fromLength + toLength, heloLength);
  if (from === undefined || to === undefined || helo === undefined) return undefined;
  const timestamp = view.getUint32(at + GREY_ENTRY.timestamp);
  return { kind: 'grey', timestamp, address: view.getUint32(at + GREY_ENTRY.address), from, to, helo };
}

/** The string of `length` bytes with its NUL, or undefined when its first NUL is not its last byte. */
function readString(view: DataView, at: number, length: number): string | undefined {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, length);
  return length > 0 && bytes.indexOf(0) === length - 1 ? bytes.toString('latin1', 0, length - 1) : undefined;
}

/** Bytes of a GREY entry as spamd lays it out. */
export function greyEntryLength(entry: SyncGreyEntry): number {
  const used = GREY_ENTRY.packedSize + entry.from.length + entry.to.length + entry.helo.length + 3;
  return Math.ceil(used / GREY_ENTRY.alignment) * GREY_ENTRY.alignment;
}

/**
 * Writes a GREY entry into zeroed bytes, as spamd lays it out.
 *
 * @throws {RangeError} when a string holds a NUL or a character that is no byte.
 */
export function writeGreyEntry(message: Buffer, at: number, entry: SyncGreyEntry): void {
  message.writeUInt16BE(TYPE.grey, at + ENTRY.type);
  message.writeUInt16BE(greyEntryLength(entry), at + ENTRY.length);
  message.writeUInt32BE(entry.timestamp, at + GREY_ENTRY.timestamp);
  message.writeUInt32BE(entry.address, at + GREY_ENTRY.address);
  message.writeUInt16BE(entry.from.length + 1, at + GREY_ENTRY.fromLength);
  message.writeUInt16BE(entry.to.length + 1, at + GREY_ENTRY.toLength);
  message.writeUInt16BE(entry.helo.length + 1, at + GREY_ENTRY.heloLength);
  let offset = at + GREY_ENTRY.packedSize;
  for (const text of [entry.from, entry.to, entry.helo]) {
    if (!isByteString(text)) throw new RangeError('Cannot encode a GREY entry: not a string of bytes');
    offset += message.write(text, offset, 'latin1') + 1;
  }
}

function isByteString(text: string): boolean {
  return !text.includes('\0') && Buffer.from(text, 'latin1').toString('latin1') === text;
}
