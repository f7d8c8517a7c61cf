// Sightings in a row, in the order in which they came, as words of one array: what decoders write and tallies read.

import { MAPPED_WORD as MAPPED } from '../address/address.js';

// V8 takes a module's own constants for what they are, but looks imported ones up again for every sighting.
const MAPPED_WORD = MAPPED;

/**
 * Where things are in a sighting: what {@link packOrigin} gives, seconds since the epoch, and the address: its last
 * word alone for IPv4, all four for IPv6, which {@link WIDE} in the origin tells. All are signed words.
 */
export const SIGHTING_FIELD = { origin: 0, time: 1, address: 2, stride: 3, wideStride: 6 } as const;

/** In the origin of a sighting of four address words. */
export const WIDE = 4;

const {
  origin: ORIGIN,
  time: TIME,
  address: ADDRESS,
  stride: STRIDE,
  wideStride: WIDE_STRIDE,
} = SIGHTING_FIELD;
const RULE_SHIFT = 3;
const DIRECTION_MASK = 3;

/** Where a sighting comes from, in one word: the rule's number, and the direction (1 in, 2 out). */
export function packOrigin(rule: number, direction: number): number {
  return (rule << RULE_SHIFT) | direction;
}

/** The direction of an origin: 1 in, 2 out. */
export function originDirection(origin: number): number {
  return origin & DIRECTION_MASK;
}

/** The rule's number of an origin. */
export function originRule(origin: number): number {
  return origin >>> RULE_SHIFT;
}

/** Writes a sighting. @returns where the next one begins: at most {@link SIGHTING_FIELD}.wideStride further */
export function putSighting(
  words: Int32Array,
  at: number,
  address: readonly [number, number, number, number],
  time: number,
  origin: number,
): number {
  const isMapped = address[0] === 0 && address[1] === 0 && address[2] === MAPPED_WORD;
  words[at + TIME] = time;
  words[at + ORIGIN] = isMapped ? origin : origin | WIDE;
  if (isMapped) {
    words[at + ADDRESS] = address[3];
    return at + STRIDE;
  }
  for (let i = 0; i < 4; i++) words[at + ADDRESS + i] = address[i]!;
  return at + WIDE_STRIDE;
}

/** A sighting as a value. */
export interface BlockSighting {
  /** The address's words as addresses have them everywhere, unsigned. */
  readonly address: readonly [number, number, number, number];
  /** Seconds since the epoch. */
  readonly time: number;
  readonly origin: number;
  /** Where it begins, and before which word it ends. */
  readonly at: number;
  readonly end: number;
}

/** The sightings before word `end` one by one, for those who are not in a hurry. */
export function* readSightings(words: Int32Array, end: number = words.length): Generator<BlockSighting> {
  for (let at = 0; at < end; ) {
    const isWide = (words[at + ORIGIN]! & WIDE) !== 0;
    const next = at + (isWide ? WIDE_STRIDE : STRIDE);
    const word = (i: number): number => words[at + ADDRESS + i]! >>> 0;
    yield {
      address: isWide ? [word(0), word(1), word(2), word(3)] : [0, 0, MAPPED_WORD, word(0)],
      time: words[at + TIME]! >>> 0,
      origin: words[at + ORIGIN]! & ~WIDE,
      at,
      end: next,
    };
    at = next;
  }
}
