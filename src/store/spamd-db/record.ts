// A key and value of spamd's database as the record that it is (spamd's grey.c and spamdb.c).

import { canonicalAddress, isIpv4Words, parseAddress } from '../../address/address.js';
import { decodeText, encodeText } from '../spamdb-text.js';
import { lowerSpamtrap } from '../spamtrap.js';
import type { StoreRecord } from '../store.js';
import { decodeValue, encodeValue, SPAMTRAP_PCOUNT } from './value.js';

const LINE_FEED = 0x0a;

/**
 * The record in a pair, or undefined when the value has a size that spamd does not know. A line feed in the key makes
 * a tuple, whatever its counts; the key ends at a NUL, as all of spamd's programs read it. A tuple of three parts is
 * from before tuples had a HELO.
 */
export function decodeRecord(key: Uint8Array, value: Uint8Array): StoreRecord | undefined {
  const entry = decodeValue(value);
  if (!entry) return undefined;
  const nul = key.indexOf(0);
  const text = nul < 0 ? key : key.subarray(0, nul);
  const lineFeed = text.indexOf(LINE_FEED);
  if (lineFeed < 0) {
    const address = decodeText(text);
    return entry.pcount === SPAMTRAP_PCOUNT
      ? { kind: 'spamtrap', address }
      : { kind: 'address', address, entry };
  }
  const [address = '', second = '', third = '', ...rest] = decodeText(text).split('\n');
  const [helo, from, to] = rest.length > 0 ? [second, third, rest.join('\n')] : ['', second, third];
  return { kind: 'tuple', address, helo, from, to, entry };
}

/** The key and value of a record. A spamtrap's entry is as `spamdb -T -a` makes it at the time `now`. */
export function encodeRecord(record: StoreRecord, now: number): { key: Uint8Array; value: Uint8Array } {
  if (record.kind === 'spamtrap') {
    const entry = { first: now, pass: 0, expire: 0, bcount: 1, pcount: SPAMTRAP_PCOUNT };
    return { key: encodeText(record.address), value: encodeValue(entry) };
  }
  const { address } = record;
  const key = record.kind === 'address' ? address : [address, record.helo, record.from, record.to].join('\n');
  return { key: encodeText(key), value: encodeValue(record.entry) };
}

/**
 * The record as spamd could have made it, its address in canonical text or a spamtrap in lower case; undefined for addresses other than IPv4, which
 * spamd deletes, and for text that cannot be part of a key.
 */
export function toStorable(record: StoreRecord): StoreRecord | undefined {
  const texts = record.kind === 'tuple' ? [record.helo, record.from, record.to] : [record.address];
  if (texts.some(text => /[\0\n]/.test(text))) return undefined;
  if (record.kind === 'spamtrap') return lowerSpamtrap(record);
  const address = ipv4Key(record.address);
  return address && { ...record, address: decodeText(address) };
}

/** The key of an address that spamd keeps: an IPv4 address in its canonical text; undefined for any other text. */
export function ipv4Key(address: string): Uint8Array | undefined {
  const words = parseAddress(address);
  if (!words || !isIpv4Words(words[0], words[1], words[2])) return undefined;
  return Buffer.from(canonicalAddress(address)!, 'latin1');
}

/** Bytes of the shortest and the longest key of an IPv4 address. */
export const SHORTEST_IPV4 = 7;
export const LONGEST_IPV4 = 15;

/** Bytes that each octet has in {@link OCTETS}. */
const OCTET_BYTES = 4;

/** The digits of each octet and a dot: to copy them takes less than to divide. */
const OCTETS = new Uint8Array(256 * OCTET_BYTES);
for (let octet = 0; octet < 256; octet++) OCTETS.set(Buffer.from(`${octet}.`), octet * OCTET_BYTES);

/**
 * Writes the key of an IPv4 address, given as one word, and gives its length.
 *
 * @param into has room for {@link LONGEST_IPV4} bytes from `at` on, and for one more.
 */
export function writeIpv4Key(word: number, into: Uint8Array, at: number): number {
  let end = at;
  for (let shift = 24; shift >= 0; shift -= 8) {
    const octet = (word >>> shift) & 0xff;
    const digits = octet >= 100 ? 3 : octet >= 10 ? 2 : 1;
    const from = octet * OCTET_BYTES;
    for (let i = 0; i <= digits; i++) into[end++] = OCTETS[from + i]!;
  }
  return end - 1 - at;
}
