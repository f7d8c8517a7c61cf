// Reads the records of a prefix out of an SQLite database, a page at a time: no read lock is held while the reader is
// busy with a page, since a lock held longer than a moment stops greyd's commits.

import type { Database } from 'better-sqlite3';
import { formatAddress, formatIpv4, isIpv4Words, parseAddress } from '../address/address.js';
import { type Prefix, prefixContains } from '../address/prefix.js';
import type { Direction } from '../whitelist/batch.js';
import { exactTime } from '../whitelist/entry.js';
import { decodeText } from './spamdb-text.js';
import type { AddressRecord, TupleRecord } from './store.js';

/**
 * A row of {@link selectRecords}, as an array: a million objects of twenty properties take their time. greyd's columns
 * may hold anything, no type holds anybody to it.
 */
export type Row = readonly [
  id: number,
  ip: unknown,
  helo: unknown,
  from: unknown,
  to: unknown,
  isTuple: number,
  first: number,
  pass: number,
  expire: number,
  bcount: number,
  pcount: number,
  firstSeen: number | null,
  lastSeen: number,
  lastDirection: Direction,
  inbound: number,
  outbound: number,
  onInterface: string,
  ruleset: string,
  rulenr: number | null,
  subrulenr: number | null,
  ...more: unknown[],
];

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

/** A row as a record; what is not text is shown as text, and bytes that are no UTF-8 as `decodeText` does. */
export function toRecord(db: Database, row: Row): AddressRecord | TupleRecord {
  const [, , , , , isTuple, first, pass, expire, bcount, pcount, ...sighting] = row;
  const [address, helo, from, to] = textsOf(db, row);
  const entry = {
    first: exactTime(first),
    pass: exactTime(pass),
    expire: exactTime(expire),
    bcount,
    pcount,
  };
  if (isTuple) return { kind: 'tuple', address, helo, from, to, entry };
  const [firstSeen, lastSeen, lastDirection, inbound, outbound, onInterface, ruleset, rulenr, subrulenr] =
    sighting;
  if (firstSeen === null) return { kind: 'address', address, entry };
  const rule = { interface: onInterface, ruleset, rulenr, subrulenr };
  const seen = { firstSeen, lastSeen, lastDirection, inbound, outbound, rule };
  return { kind: 'address', address, entry, sighting: seen };
}

type Texts = [ip: string, helo: string, from: string, to: string];

/** The row's texts. Where bytes were lost in them, they are looked up, unless another row has come in its place. */
function textsOf(db: Database, [id, ip, helo, from, to]: Row): Texts {
  const texts: Texts = [toText(ip), toText(helo), toText(from), toText(to)];
  if (!texts.some(text => text.includes(REPLACEMENT))) return texts;
  const columns = ['ip', 'helo', '"from"', '"to"'].map(column => `CAST(${column} AS BLOB)`).join(', ');
  const bytes = db
    .prepare<[number], (Buffer | null)[]>(`SELECT ${columns} FROM entries WHERE rowid = ?`)
    .raw()
    .get(id)
    ?.map(value => value ?? Buffer.alloc(0));
  return bytes?.every((value, i) => value.toString() === texts[i]) ? (bytes.map(decodeText) as Texts) : texts;
}

/** What stands in a text for a byte that is no UTF-8. */
const REPLACEMENT = '\ufffd';

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
  const page = db
    .prepare<object, Row>(
      `${selectRecords(withSightings)}
       WHERE e.ip >= CAST(@key AS TEXT) AND e.ip ${isOne ? '<=' : '<'} @high
         AND (e.ip > CAST(@key AS TEXT) OR e.rowid > @id)
       ORDER BY e.ip, e.rowid LIMIT ${PAGE}`,
    )
    .raw();
  let key: Buffer = Buffer.from(low);
  let id = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = page.all({ key, id, high });
    for (const row of rows) {
      const [, ip] = row;
      const words = typeof ip === 'string' ? parseAddress(ip) : undefined;
      if (words !== undefined && prefixContains(prefix, words)) yield toRecord(db, row);
    }
    if (rows.length < PAGE) return;
    [id] = rows.at(-1)!;
    key = keyOf(db, rows.at(-1)!);
  }
}

/** Where a page ended: as the bytes that SQLite has, since a key that is no UTF-8 is another one as a text. */
function keyOf(db: Database, [id, ip]: Row): Buffer {
  const bytes = db
    .prepare<[number], Buffer | null>('SELECT CAST(ip AS BLOB) FROM entries WHERE rowid = ?')
    .pluck();
  return bytes.get(id) ?? Buffer.from(toText(ip));
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
