// spamdb(8)'s lines as text: one record a line, fields between bars, nothing escaped.

import { isAscii, isUtf8 } from 'node:buffer';
import { canonicalAddress } from '../address/address.js';
import { type Entry, TRAPPED_PCOUNT } from '../whitelist/entry.js';
import type { StoreRecord } from './store.js';

/** The first of the lone surrogates that stand for bytes which are no UTF-8, less 0x80. */
const STRAY_BYTE = 0xdc00;

/**
 * The text of bytes that are UTF-8 as a rule. A byte that is not becomes a lone surrogate, U+DC80 to U+DCFF, so that
 * {@link encodeText} gives every byte back (the way of Python's PEP 383).
 */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isAscii(buffer)) return buffer.toString('latin1');
  if (isUtf8(buffer)) return buffer.toString();
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const length = [1, 2, 3, 4].find(count => isUtf8(buffer.subarray(at, at + count)));
    text += length ? buffer.toString('utf8', at, at + length) : String.fromCharCode(STRAY_BYTE + buffer[at]!);
    at += length ?? 1;
  }
  return text;
}

/** The bytes of a text that {@link decodeText} made, or of any other as UTF-8. */
export function encodeText(text: string): Buffer {
  const parts = text.split(/([\udc80-\udcff]+)/u);
  if (parts.length === 1) return Buffer.from(text);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part) : Buffer.from(part, 'latin1'))),
  );
}

/**
 * The line, newline included, that spamdb(8) prints for a record; {@link encodeText} gives its bytes. What it calls a
 * record goes by the record alone and not by the time: an entry that has ended is still WHITE.
 */
export function formatSpamdb(record: StoreRecord): string {
  if (record.kind === 'spamtrap') return `SPAMTRAP|${record.address}\n`;
  const { first, pass, expire, bcount, pcount } = record.entry;
  const numbers = `${first}|${pass}|${expire}|${bcount}|${pcount}`;
  if (record.kind === 'tuple') {
    return `GREY|${record.address}|${record.helo}|${record.from}|${record.to}|${numbers}\n`;
  }
  if (pcount === TRAPPED_PCOUNT) return `TRAPPED|${record.address}|${expire}\n`;
  return `WHITE|${record.address}|||${numbers}\n`;
}

/** A line as a record, or why it is none. */
export type ParsedLine = { readonly record: StoreRecord } | { readonly problem: string };

/**
 * Parses one line of spamdb(8), without its newline. Strict: addresses as inet_pton(3) has them, plain decimal
 * numbers, every field there. Of a TRAPPED entry the line tells only `expire`; its other times are 0.
 */
export function parseSpamdb(line: string): ParsedLine {
  if (line.includes('\0')) return { problem: 'it has a NUL' };
  const fields = line.split('|');
  switch (fields[0]) {
    case 'WHITE':
      return parseWhite(fields);
    case 'TRAPPED':
      return parseTrapped(fields);
    case 'GREY':
      return parseGrey(fields);
    case 'SPAMTRAP':
      return parseSpamtrap(line.slice('SPAMTRAP|'.length));
    default:
      return { problem: 'it begins with none of WHITE, TRAPPED, GREY and SPAMTRAP' };
  }
}

function parseWhite(fields: readonly string[]): ParsedLine {
  if (fields.length !== 9 || fields[2] !== '' || fields[3] !== '') return { problem: 'WHITE takes 9 fields' };
  const address = canonicalAddress(fields[1]!);
  if (address === undefined) return notAddress(fields[1]!);
  const entry = parseNumbers(fields.slice(4));
  if (typeof entry === 'string') return { problem: entry };
  if (entry.pcount < 0) return { problem: `a WHITE entry cannot have passed ${entry.pcount} times` };
  return { record: { kind: 'address', address, entry } };
}

function parseTrapped(fields: readonly string[]): ParsedLine {
  if (fields.length !== 3) return { problem: 'TRAPPED takes 3 fields' };
  const address = canonicalAddress(fields[1]!);
  if (address === undefined) return notAddress(fields[1]!);
  const expire = parseInteger(fields[2]!, Number.MAX_SAFE_INTEGER);
  if (expire === undefined) return notNumber(fields[2]!);
  return {
    record: {
      kind: 'address',
      address,
      entry: { first: 0, pass: 0, expire, bcount: 1, pcount: TRAPPED_PCOUNT },
    },
  };
}

function parseGrey(fields: readonly string[]): ParsedLine {
  if (fields.length < 10) return { problem: 'GREY takes 10 fields' };
  const address = canonicalAddress(fields[1]!);
  if (address === undefined) return notAddress(fields[1]!);
  const tuple = splitTuple(fields.slice(2, -5));
  if (!tuple) return { problem: 'a bar inside its fields makes it unclear where they end' };
  const entry = parseNumbers(fields.slice(-5));
  if (typeof entry === 'string') return { problem: entry };
  return { record: { kind: 'tuple', address, ...tuple, entry } };
}

/**
 * HELO, sender and recipient out of parts between bars, some of which may belong to them: where there are more than
 * three, sender and recipient must be in angle brackets in one way only.
 */
function splitTuple(parts: readonly string[]): { helo: string; from: string; to: string } | undefined {
  if (parts.length === 3) return { helo: parts[0]!, from: parts[1]!, to: parts[2]! };
  const ways: { helo: string; from: string; to: string }[] = [];
  const isMailbox = (text: string): boolean => text.startsWith('<') && text.endsWith('>');
  for (let to = 2; to < parts.length; to++) {
    const recipient = parts.slice(to).join('|');
    if (!isMailbox(recipient)) continue;
    for (let from = 1; from < to; from++) {
      const sender = parts.slice(from, to).join('|');
      if (isMailbox(sender)) ways.push({ helo: parts.slice(0, from).join('|'), from: sender, to: recipient });
    }
  }
  return ways.length === 1 ? ways[0] : undefined;
}

function parseSpamtrap(address: string): ParsedLine {
  if (!address.includes('@')) return { problem: `${JSON.stringify(address)} is not a mail address` };
  return { record: { kind: 'spamtrap', address } };
}

function parseNumbers(fields: readonly string[]): Entry | string {
  const INT_MAX = 2 ** 31 - 1;
  const limits = [
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    INT_MAX,
    INT_MAX,
  ];
  const numbers = limits.map((limit, i) => parseInteger(fields[i]!, limit));
  const wrong = numbers.indexOf(undefined);
  if (wrong >= 0) return notNumber(fields[wrong]!).problem;
  const [first, pass, expire, bcount, pcount] = numbers as [number, number, number, number, number];
  return { first, pass, expire, bcount, pcount };
}

function parseInteger(text: string, limit: number): number | undefined {
  const number = /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  return Math.abs(number) <= limit ? number : undefined;
}

function notAddress(text: string): { problem: string } {
  return { problem: `${JSON.stringify(text)} is not an address` };
}

function notNumber(text: string): { problem: string } {
  return { problem: `${JSON.stringify(text)} is not a number in range` };
}
