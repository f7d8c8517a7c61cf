// Reads the records of a prefix out of an SQLite database, a page at a time: no read lock is held while the reader is
// busy with a page, since a lock held longer than a moment stops greyd's commits.

import type { Database } from 'better-sqlite3';
import { formatAddress, formatIpv4, isIpv4Words, parseAddress } from '../address/address.js';
import { type Prefix, prefixContains } from '../address/prefix.js';
import type { Direction } from '../whitelist/batch.js';
import type { AddressRecord, TupleRecord } from './store.js';

/** A row of {@link selectRecords}. greyd's columns may hold anything: no type holds anybody to it. */
export interface Row {
  readonly id: number;
  readonly ip: unknown;
  readonly helo: unknown;
  readonly from: unknown;
  readonly to: unknown;
  readonly is_tuple: number;
  readonly first: number;
  readonly pass: number;
  readonly expire: number;
  readonly bcount: number;
  readonly pcount: number;
  readonly first_seen: number | null;
  readonly last_seen: number;
  readonly last_direction: Direction;
  readonly inbound: number;
  readonly outbound: number;
  readonly interface: string;
  readonly ruleset: string;
  readonly rulenr: number | null;
  readonly subrulenr: number | null;
}

/** An address's own row has empty texts there, exactly; everything else is a tuple, NULLs among it. */
const IS_TUPLE = `(helo IS NOT '' OR "from" IS NOT '' OR "to" IS NOT '')`;

const SIGHTING = 'last_direction, inbound, outbound, interface, ruleset, rulenr, subrulenr';

/** All columns of {@link Row}, tables joined, numbers made numbers; of the table of entries as `e`. */
export function selectRecords(withSightings: boolean): string {
  const numbers = ['first', 'pass', 'expire', 'bcount', 'pcount']
    .map(column => `coalesce(CAST(${column} AS INTEGER), 0) AS ${column}`)
    .join(', ');
  const entry = `e.rowid AS id, e.ip, helo, "from", "to", ${IS_TUPLE} AS is_tuple, ${numbers}`;
  if (!withSightings) return `SELECT ${entry}, NULL AS first_seen, NULL AS last_seen FROM entries e`;
  return `SELECT ${entry}, first_seen, last_seen, ${SIGHTING}
    FROM entries e LEFT JOIN sightings s ON s.ip = e.ip AND NOT ${IS_TUPLE}`;
}

/** A row as a record; what is not text is shown as text. */
export function toRecord(row: Row): AddressRecord | TupleRecord {
  const { first, pass, expire, bcount, pcount } = row;
  const entry = { first, pass, expire, bcount, pcount };
  const address = toText(row.ip);
  if (row.is_tuple) {
    const [helo, from, to] = [toText(row.helo), toText(row.from), toText(row.to)];
    return { kind: 'tuple', address, helo, from, to, entry };
  }
  if (row.first_seen === null) return { kind: 'address', address, entry };
  const rule = {
    interface: row.interface,
    ruleset: row.ruleset,
    rulenr: row.rulenr,
    subrulenr: row.subrulenr,
  };
  const sighting = {
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    lastDirection: row.last_direction,
    inbound: row.inbound,
    outbound: row.outbound,
    rule,
  };
  return { kind: 'address', address, entry, sighting };
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : String(value ?? '');
}

/** Rows of a page. */
const PAGE = 2000;

/** Records whose address is inside a prefix: as much of the index is read as can hold such. */
export function* findRecords(
  db: Database,
  withSightings: boolean,
  prefix: Prefix,
): Generator<AddressRecord | TupleRecord> {
  const isOne = prefix.bits === 128;
  const [low, high] = isOne ? [formatAddress(prefix.words), formatAddress(prefix.words)] : textRange(prefix);
  // The key goes back to SQLite as the bytes that it was: as text it may have been no UTF-8.
  const page = db.prepare<object, Row & { readonly key: Buffer }>(
    `SELECT *, CAST(ip AS BLOB) AS key FROM (${selectRecords(withSightings)}
     WHERE e.ip >= CAST(@key AS TEXT) AND e.ip ${isOne ? '<=' : '<'} @high
       AND (e.ip > CAST(@key AS TEXT) OR e.rowid > @id)
     ORDER BY e.ip, e.rowid LIMIT ${PAGE})`,
  );
  let last: { readonly key: Buffer; readonly id: number } | undefined;
  do {
    const { key, id } = last ?? { key: Buffer.from(low), id: Number.MIN_SAFE_INTEGER };
    const rows = page.all({ key, id, high });
    for (const row of rows) {
      const words = typeof row.ip === 'string' ? parseAddress(row.ip) : undefined;
      if (words !== undefined && prefixContains(prefix, words)) yield toRecord(row);
    }
    last = rows.length < PAGE ? undefined : rows.at(-1);
  } while (last !== undefined);
}

/** The range of texts in which the texts of all addresses of a prefix are; as narrow as whole labels allow. */
function textRange({ words, bits }: Prefix): [from: string, to: string] {
  const isIpv4 = bits >= 96 && isIpv4Words(words[0], words[1], words[2]);
  const separator = isIpv4 ? '.' : ':';
  const label = (isIpv4 ? certainBytes(words[3], bits - 96) : certainGroups(words, bits)).join(separator);
  if (label === '') return ['', '\u{10ffff}'];
  return [label + separator, label + String.fromCharCode(separator.charCodeAt(0) + 1)];
}

function certainBytes(word: number, bits: number): string[] {
  return formatIpv4(word)
    .split('.')
    .slice(0, Math.floor(bits / 8));
}

/** Any zero group may be written as part of `::`, so nothing from the first one on is certain. */
function certainGroups(words: readonly number[], bits: number): string[] {
  const groups = words.flatMap(word => [word >>> 16, word & 0xffff]).slice(0, Math.floor(bits / 16));
  const zero = groups.indexOf(0);
  return groups.slice(0, zero < 0 ? groups.length : zero).map(group => group.toString(16));
}
