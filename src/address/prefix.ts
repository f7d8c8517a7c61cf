// Prefixes (CIDR, RFC 4632) as values, and a set of them that answers quickly whether an address is inside.

import { type AddressWords, formatAddress, isIpv4Words, parseAddress } from './address.js';

/** A prefix: the first address and how many of the 128 bits are fixed (an IPv4 /24 fixes 120). */
export interface Prefix {
  readonly words: AddressWords;
  readonly bits: number;
}

const MAPPED_BITS = 96;

/**
 * The prefix written as `ADDRESS` or `ADDRESS/LENGTH`, or undefined when the text is not one.
 * Host bits set beyond the length are refused, as pf's tables refuse them.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text);
  const words = match && parseAddress(match[1]!);
  if (!words) return undefined;
  const isDottedQuad = !match[1]!.includes(':');
  const limit = isDottedQuad ? 32 : 128;
  const length = match[2] === undefined ? limit : Number(match[2]);
  if (length > limit) return undefined;
  const bits = isDottedQuad ? length + MAPPED_BITS : length;
  const isAligned = words.every((word, i) => (word & ~mask(bits, i)) === 0);
  return isAligned ? { words, bits } : undefined;
}

/** Canonical text of a prefix; a single address has no `/LENGTH`. */
export function formatPrefix(prefix: Prefix): string {
  const address = formatAddress(prefix.words);
  if (prefix.bits === 128) return address;
  const isIpv4 = prefix.bits >= MAPPED_BITS && isIpv4Words(prefix.words[0], prefix.words[1], prefix.words[2]);
  return `${address}/${isIpv4 ? prefix.bits - MAPPED_BITS : prefix.bits}`;
}

/** The bits of word `i` that a prefix of that many bits fixes. */
function mask(bits: number, i: number): number {
  const fixed = Math.min(32, Math.max(0, bits - 32 * i));
  return fixed === 0 ? 0 : (0xffffffff << (32 - fixed)) >>> 0;
}

/** Whether the address is inside the prefix. */
export function prefixContains(prefix: Prefix, address: AddressWords): boolean {
  for (let i = 0; i < 4; i++) {
    if (((prefix.words[i]! ^ address[i]!) & mask(prefix.bits, i)) !== 0) return false;
  }
  return true;
}

/** A set of prefixes; a look-up is a binary search over the merged ranges and allocates nothing. */
export class PrefixSet {
  /** Sorted, disjoint ranges: first and last address, four words each. */
  readonly #ranges: Uint32Array;
  readonly size: number;

  constructor(prefixes: Iterable<Prefix>) {
    const ranges = [...prefixes].map(toRange).sort((a, b) => compareWords(a, 0, b, 0));
    const merged: Uint32Array[] = [];
    for (const range of ranges) {
      const last = merged.at(-1);
      if (last === undefined || compareWords(range, 0, last, 4) > 0) merged.push(range);
      else if (compareWords(range, 4, last, 4) > 0) last.set(range.subarray(4), 4);
    }
    this.size = merged.length;
    this.#ranges = new Uint32Array(merged.length * 8);
    merged.forEach((range, i) => {
      this.#ranges.set(range, i * 8);
    });
  }

  /** Whether the address of these four words is inside one of the prefixes. */
  has(w0: number, w1: number, w2: number, w3: number): boolean {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.#order(w0, w1, w2, w3, middle * 8) < 0) high = middle - 1;
      else if (this.#order(w0, w1, w2, w3, middle * 8 + 4) > 0) low = middle + 1;
      else return true;
    }
    return false;
  }

  #order(w0: number, w1: number, w2: number, w3: number, at: number): number {
    const ranges = this.#ranges;
    return (
      (w0 >>> 0) - ranges[at]! ||
      (w1 >>> 0) - ranges[at + 1]! ||
      (w2 >>> 0) - ranges[at + 2]! ||
      (w3 >>> 0) - ranges[at + 3]!
    );
  }
}

function toRange({ words, bits }: Prefix): Uint32Array {
  return Uint32Array.from([...words, ...words.map((word, i) => (word | ~mask(bits, i)) >>> 0)]);
}

function compareWords(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  for (let k = 0; k < 4; k++) {
    const difference = a[i + k]! - b[j + k]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
