// Reads records out of an SQLite database, a page at a time: no read lock is held while the reader is busy with a page,
// since a lock held longer than a moment stops greyd's commits.

import type { Database } from 'better-sqlite3';
import { formatAddress, isIpv4Words, parseAddress } from '../address/address.js';
import { type Prefix, prefixContains } from '../address/prefix.js';
import type { Direction } from '../whitelist/batch.js';
import type { AddressRecord, ListOptions, SortKey, StoreRecord, TupleRecord } from './store.js';

/** A row of {@link selectRecords}, tables joined. */
interface Row {
  readonly ip: string;
  readonly helo: string;
  readonly from: string;
  readonly to: string;
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

const IS_TUPLE = `(helo <> '' OR "from" <> '' OR "to" <> '')`;

function selectRecords(withSightings: boolean): string {
  const entry = 'e.rowid AS id, e.ip, helo, "from", "to", first, pass, expire, bcount, pcount';
  if (!withSightings) return `SELECT ${entry}, NULL AS first_seen, NULL AS last_seen FROM entries e`;
  return `SELECT ${entry}, first_seen, last_seen, last_direction, inbound, outbound, interface, ruleset, rulenr, subrulenr
    FROM entries e LEFT JOIN sightings s ON s.ip = e.ip AND NOT ${IS_TUPLE}`;
}

/** greyd's columns have no type that SQLite would hold anybody to; what is not text is shown as text. */
function toRecord(row: Row): AddressRecord | TupleRecord {
  const { first, pass, expire, bcount, pcount } = row;
  const entry = { first, pass, expire, bcount, pcount };
  const [address, helo, from, to] = [row.ip, row.helo, row.from, row.to].map(value => String(value ?? ''));
  if (helo || from || to)
    return { kind: 'tuple', address: address!, helo: helo!, from: from!, to: to!, entry };
  if (row.first_seen === null) return { kind: 'address', address: address!, entry };
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
  return { kind: 'address', address: address!, entry, sighting };
}

/** Rows of a page. */
const PAGE = 2000;

/** Records whose address is inside a prefix: by the index where that finds them, else by looking at every one. */
export function* findRecords(
  db: Database,
  withSightings: boolean,
  prefix: Prefix,
): Generator<AddressRecord | TupleRecord> {
  const isOne = prefix.bits === 128;
  const [low, high] = isOne ? [formatAddress(prefix.words), formatAddress(prefix.words)] : textRange(prefix);
  const key = '(e.ip, helo, "from", "to")';
  const find = db.prepare<unknown[], Row>(
    `${selectRecords(withSightings)} WHERE e.ip >= ? AND e.ip ${isOne ? '<=' : '<'} ? AND ${key} > (?, ?, ?, ?)
     ORDER BY e.ip, helo, "from", "to" LIMIT ${PAGE}`,
  );
  let after = ['', '', '', ''];
  for (;;) {
    const rows = find.all(low, high, ...after);
    for (const row of rows) {
      const words = parseAddress(String(row.ip));
      if (words !== undefined && prefixContains(prefix, words)) yield toRecord(row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = [last.ip, last.helo, last.from, last.to];
  }
}

/** The range of texts in which the texts of all addresses of a prefix are; as narrow as whole labels allow. */
function textRange({ words, bits }: Prefix): [string, string] {
  const isIpv4 = bits >= 96 && isIpv4Words(words[0], words[1], words[2]);
  const text = formatAddress(words);
  const fixed = isIpv4
    ? text.split('.').slice(0, Math.floor((bits - 96) / 8))
    : text
        .split('::')[0]!
        .split(':')
        .slice(0, Math.floor(bits / 16));
  const separator = isIpv4 ? '.' : ':';
  // A group that may be zero may be written as '::', so nothing beyond the groups before it is certain.
  const label = fixed.filter(Boolean).join(separator);
  return label === ''
    ? ['', '\u{10ffff}']
    : [label + separator, label + String.fromCharCode(separator.charCodeAt(0) + 1)];
}

const ORDER: Readonly<Record<SortKey, string>> = {
  database: '',
  address: 'ORDER BY address_key(ip), ip',
  lastSeen: 'ORDER BY seen DESC, ip',
  expire: 'ORDER BY expire, ip',
  first: 'ORDER BY first DESC, ip',
  pcount: 'ORDER BY pcount DESC, ip',
};

/** Records that fit the options. */
export function* listRecords(
  db: Database,
  withSightings: boolean,
  options: ListOptions,
): Generator<StoreRecord> {
  const { now, status, seenSince, expiringUntil, whiteexpSeconds, sort, limit } = options;
  const conditions: string[] = [];
  const kinds: Readonly<Record<string, string>> = {
    WHITE: `(NOT ${IS_TUPLE} AND pcount >= 0 AND expire > @now)`,
    TRAPPED: `(NOT ${IS_TUPLE} AND pcount < 0 AND expire > @now)`,
    EXPIRED: `(NOT ${IS_TUPLE} AND expire <= @now)`,
    GREY: IS_TUPLE,
  };
  if (status !== undefined) {
    const wanted = [...status].flatMap(name => kinds[name] ?? []);
    conditions.push(`(${['0', ...wanted].join(' OR ')})`);
  }
  const isOfTime = seenSince !== undefined || expiringUntil !== undefined;
  if (seenSince !== undefined) conditions.push(`NOT ${IS_TUPLE} AND pcount >= 0 AND seen >= @seenSince`);
  if (expiringUntil !== undefined) conditions.push('expire > @now AND expire <= @expiringUntil');
  const filter = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const all = `SELECT *, coalesce(last_seen, expire - @whiteexpSeconds) AS seen FROM (${selectRecords(withSightings)})`;
  const values = { now, seenSince, expiringUntil, whiteexpSeconds, limit: limit ?? -1 };
  let left = limit ?? Number.POSITIVE_INFINITY;
  const pages =
    sort === 'database'
      ? pagesByRowid(db, all, filter, values)
      : pagesInOrder(db, all, filter, ORDER[sort], values);
  for (const rows of pages) {
    for (const row of rows) {
      if (left-- <= 0) return;
      yield toRecord(row);
    }
  }
  if (isOfTime || (status !== undefined && !status.has('SPAMTRAP')) || !hasSpamtraps(db)) return;
  const traps = db.prepare<[], string>('SELECT address FROM spamtraps ORDER BY address').pluck();
  for (const address of traps.all()) {
    if (left-- <= 0) return;
    yield { kind: 'spamtrap', address };
  }
}

function* pagesByRowid(db: Database, all: string, filter: string, values: object): Generator<Row[]> {
  const page = db.prepare<object, Row & { id: number }>(
    `${all} ${filter ? `${filter} AND` : 'WHERE'} id > @after ORDER BY id LIMIT ${PAGE}`,
  );
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = page.all({ ...values, after });
    yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.id;
  }
}

let tables = 0;

/** The order is put down once, in a temporary table, and then walked. */
function* pagesInOrder(
  db: Database,
  all: string,
  filter: string,
  order: string,
  values: object,
): Generator<Row[]> {
  db.function('address_key', { deterministic: true }, ip => addressKey(String(ip)));
  const table = `temp.ordered_${++tables}`;
  db.prepare(`CREATE TABLE ${table} AS SELECT id FROM (${all}) ${filter} ${order} LIMIT @limit`).run(values);
  try {
    const page = db.prepare<object, Row & { place: number }>(
      `SELECT o.rowid AS place, r.* FROM ${table} o JOIN (${all}) r ON r.id = o.id
       WHERE o.rowid > @after ORDER BY o.rowid LIMIT ${PAGE}`,
    );
    for (let after = 0; ; ) {
      const rows = page.all({ ...values, after });
      if (rows.length === 0) return;
      yield rows;
      after = rows.at(-1)!.place;
    }
  } finally {
    db.exec(`DROP TABLE ${table}`);
  }
}

/** Sorts as the addresses' numbers do; what is no address comes last. */
function addressKey(ip: string): Buffer {
  const words = parseAddress(ip);
  if (words === undefined) return Buffer.from([0xff, 0xff, ...Buffer.from(ip)]);
  const key = Buffer.alloc(17);
  words.forEach((word, i) => {
    key.writeUInt32BE(word, 1 + 4 * i);
  });
  return key;
}

/** Whether greyd's table of spamtraps is there; the oldest greyd made none. */
function hasSpamtraps(db: Database): boolean {
  return (
    db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'spamtraps'").get() !== undefined
  );
}
