// What spamd stores under a key: `struct gdata` of its grey.h, in the byte order of the machine that spamd runs on.

import { endianness } from 'node:os';
import { type Entry, exactTime } from '../../whitelist/entry.js';

/** Bytes of a value: three 64-bit times and two 32-bit counts. Any other size makes spamd give up its whole scan. */
export const VALUE_BYTES = 32;

/** Bytes of a value from before 2013, with 32-bit times; read, never written. */
export const OLD_VALUE_BYTES = 20;

/** `pcount` of a spamtrap. */
export const SPAMTRAP_PCOUNT = -2;

const IS_LITTLE = endianness() === 'LE';
const WORD = 2 ** 32;
const INT_MAX = 2 ** 31 - 1;

/** Where in a value the two words of the end are. */
const [LOW_EXPIRE, HIGH_EXPIRE] = IS_LITTLE ? [16, 20] : [20, 16];

/**
 * The entry in the value that is `length` bytes of `bytes` from `at` on, or undefined when spamd knows no value of
 * that size.
 */
export function decodeValue(bytes: Uint8Array, at = 0, length: number = bytes.length): Entry | undefined {
  if (length === VALUE_BYTES) {
    return {
      first: readTime(bytes, at),
      pass: readTime(bytes, at + 8),
      expire: readTime(bytes, at + 16),
      bcount: readInt(bytes, at + 24),
      pcount: readInt(bytes, at + 28),
    };
  }
  if (length !== OLD_VALUE_BYTES) return undefined;
  const [first, pass, expire] = [readInt(bytes, at), readInt(bytes, at + 4), readInt(bytes, at + 8)];
  return { first, pass, expire, bcount: readInt(bytes, at + 12), pcount: readInt(bytes, at + 16) };
}

/** The value of an entry; counts stop at the largest that spamd can hold. */
export function encodeValue(entry: Entry): Uint8Array {
  const value = new Uint8Array(VALUE_BYTES);
  writeValue(entry, value, 0);
  return value;
}

/** Writes the value of an entry into the 32 bytes of `bytes` from `at` on, as {@link encodeValue} has it. */
export function writeValue(entry: Entry, bytes: Uint8Array, at: number): void {
  writeTime(bytes, at, entry.first);
  writeTime(bytes, at + 8, entry.pass);
  writeTime(bytes, at + 16, entry.expire);
  writeInt(bytes, at + 24, Math.min(entry.bcount, INT_MAX));
  writeInt(bytes, at + 28, Math.min(entry.pcount, INT_MAX));
}

/**
 * What `applySightings` does to a WHITE entry that lasts, done to its {@link VALUE_BYTES} bytes from `at` on and without
 * an object for it: `count` more sightings, and an end no earlier than `expire`. Gives the end; or -1, nothing changed,
 * when the entry is no WHITE one that lasts beyond `runStart`.
 */
export function refreshValue(
  view: DataView,
  at: number,
  runStart: number,
  count: number,
  expire: number,
): number {
  const pcount = view.getInt32(at + 28, IS_LITTLE);
  const until = joinTime(
    view.getInt32(at + HIGH_EXPIRE, IS_LITTLE),
    view.getInt32(at + LOW_EXPIRE, IS_LITTLE),
  );
  if (pcount < 0 || until <= runStart) return -1;
  view.setInt32(at + 28, Math.min(pcount + count, INT_MAX), IS_LITTLE);
  if (expire <= until) return until;
  view.setInt32(at + HIGH_EXPIRE, Math.floor(expire / WORD), IS_LITTLE);
  view.setInt32(at + LOW_EXPIRE, expire | 0, IS_LITTLE);
  return expire;
}

/** The time of two words. Until 2038 it is the lower one, a small integer, which needs no memory of its own. */
function joinTime(high: number, low: number): number {
  return high === 0 && low >= 0 ? low : exactTime(high * WORD + (low >>> 0));
}

// Byte by byte, since a DataView for each value costs more than all the rest.

function readInt(bytes: Uint8Array, at: number): number {
  return IS_LITTLE
    ? (bytes[at + 3]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!
    : (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function readTime(bytes: Uint8Array, at: number): number {
  const high = readInt(bytes, IS_LITTLE ? at + 4 : at);
  const low = readInt(bytes, IS_LITTLE ? at : at + 4);
  return joinTime(high, low);
}

function writeInt(bytes: Uint8Array, at: number, value: number): void {
  bytes[IS_LITTLE ? at : at + 3] = value;
  bytes[IS_LITTLE ? at + 1 : at + 2] = value >>> 8;
  bytes[IS_LITTLE ? at + 2 : at + 1] = value >>> 16;
  bytes[IS_LITTLE ? at + 3 : at] = value >>> 24;
}

function writeTime(bytes: Uint8Array, at: number, time: number): void {
  writeInt(bytes, IS_LITTLE ? at + 4 : at, Math.floor(time / WORD));
  writeInt(bytes, IS_LITTLE ? at : at + 4, time | 0);
}
