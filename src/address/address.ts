// IPv4 and IPv6 addresses as values: four 32-bit words, an IPv4 address as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).

import { isIPv6 } from 'node:net';

/**
 * An address as four unsigned 32-bit words, most significant first. IPv4 is held as an IPv4-mapped IPv6 address,
 * so that one address has one value whichever way it was written.
 */
export type AddressWords = readonly [number, number, number, number];

/** The third word of every IPv4-mapped address. */
export const MAPPED_WORD = 0xffff;

/** Whether the words are those of an IPv4 address. */
export function isIpv4Words(w0: number, w1: number, w2: number): boolean {
  return w0 === 0 && w1 === 0 && w2 === MAPPED_WORD;
}

/** Dotted-quad text of an IPv4 address given as one 32-bit word. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** Canonical text of an address (RFC 5952; IPv4-mapped as plain IPv4), words as in {@link AddressWords}. */
export function formatWords(w0: number, w1: number, w2: number, w3: number): string {
  if (isIpv4Words(w0 >>> 0, w1 >>> 0, w2 >>> 0)) return formatIpv4(w3);
  const groups = [w0, w1, w2, w3].flatMap(word => [word >>> 16, word & 0xffff]);
  const zeros = longestZeroRun(groups);
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':');
  if (zeros.length < 2) return hex(0, 8);
  return `${hex(0, zeros.start)}::${hex(zeros.start + zeros.length, 8)}`;
}

/** The first of the longest runs of zero groups, as RFC 5952 4.2.3 chooses it. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (let i = 0; i < groups.length; i++) {
    length = groups[i] === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  }
  return best;
}

/** Canonical text of {@link AddressWords}. */
export function formatAddress(words: AddressWords): string {
  return formatWords(...words);
}

/**
 * The words of an address written as text, or undefined when it is not exactly one IPv4 or IPv6 address.
 * Strict as inet_pton(3): no leading zeros, no shortened IPv4, no zone (`%em0`), no brackets.
 */
export function parseAddress(text: string): AddressWords | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== -1) return [0, 0, MAPPED_WORD, ipv4];
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const front = hextets(head);
  const back = tail === undefined ? [] : hextets(tail);
  const gap = new Array<number>(8 - front.length - back.length).fill(0);
  const groups = [...front, ...gap, ...back];
  const word = (i: number): number => ((groups[2 * i]! << 16) | groups[2 * i + 1]!) >>> 0;
  return [word(0), word(1), word(2), word(3)];
}

const DOT = 0x2e;
const ZERO = 0x30;
const MAX_TEXT = '255.255.255.255'.length;

/** The word of an IPv4 address written as text, or -1 for anything else; strict as {@link parseAddress}. Allocates nothing. */
export function parseIpv4(text: string): number {
  if (text.length > MAX_TEXT) return -1;
  let word = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0) return -1;
      word = (word << 8) | part;
      part = 0;
      digits = 0;
      dots++;
      continue;
    }
    const digit = code - ZERO;
    // A zero is not followed by anything.
    if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return -1;
    part = 10 * part + digit;
    digits++;
    if (part > 255) return -1;
  }
  return dots === 3 && digits > 0 ? ((word << 8) | part) >>> 0 : -1;
}

function hextets(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap(part => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const quad = parseIpv4(part);
    return [quad >>> 16, quad & 0xffff];
  });
}

/** The canonical text of an address, or undefined when the text is not an address. */
export function canonicalAddress(text: string): string | undefined {
  // The text of IPv4 can be written in one way only.
  if (parseIpv4(text) !== -1) return text;
  const words = parseAddress(text);
  return words && formatAddress(words);
}
