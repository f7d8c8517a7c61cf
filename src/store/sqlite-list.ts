// Lists an SQLite database, filtered and sorted, some rows at a time: see sqlite-query.ts for why.

import type { Database } from 'better-sqlite3';
import { parseAddress } from '../address/address.js';
import { decodeText } from './spamdb-text.js';
import { type Row, selectRecords, toRecord } from './sqlite-query.js';
import { hasTable } from './sqlite-schema.js';
import { entryWindows } from './sqlite-windows.js';
import type { ListOptions, SortKey, StoreRecord } from './store.js';

/** Rows of a sorted page. */
const PAGE = 2000;

const STATUS: Readonly<Record<string, string>> = {
  WHITE: '(NOT is_tuple AND pcount >= 0 AND expire > @now)',
  TRAPPED: '(NOT is_tuple AND pcount < 0 AND expire > @now)',
  EXPIRED: '(NOT is_tuple AND expire <= @now)',
  GREY: 'is_tuple',
};

const KEY_COLUMNS = 'ip, helo, "from", "to"';

/** What is sorted by, ascending. */
const SORT: Readonly<Record<Exclude<SortKey, 'database'>, string>> = {
  address: 'address_key(ip)',
  // Nothing known is NULL, which comes first unless told otherwise.
  lastSeen: 'ifnull(-seen, 9223372036854775807)',
  expire: 'expire',
  first: '-first',
  pcount: '-pcount',
};

/** What `lastSeenOf` gives, or NULL. */
const LAST_SEEN = `CASE WHEN last_seen IS NOT NULL THEN last_seen
  WHEN NOT is_tuple AND pcount >= 0 AND expire - @whiteexpSeconds BETWEEN first AND @now
  THEN expire - @whiteexpSeconds END`;

/** Records that fit the options. */
export function* listRecords(
  db: Database,
  withSightings: boolean,
  options: ListOptions,
): Generator<StoreRecord> {
  const { status, seenSince, expiringUntil, sort } = options;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  if (options.onlyGarbage) db.function('is_address', { deterministic: true }, isAddress);
  const pages = sort === 'database' ? pagesAsStored : pagesInOrder;
  for (const rows of pages(db, withSightings, options)) {
    for (const row of rows) {
      if (left-- <= 0) return;
      yield toRecord(db, row);
    }
  }
  const isOfTime = seenSince !== undefined || expiringUntil !== undefined;
  if (isOfTime || options.onlyGarbage || status?.has('SPAMTRAP') === false || !hasTable(db, 'spamtraps'))
    return;
  const spamtraps = db.prepare<[], Buffer | null>(
    'SELECT CAST(address AS BLOB) FROM spamtraps ORDER BY address',
  );
  for (const address of spamtraps.pluck().all()) {
    if (left-- <= 0) return;
    yield { kind: 'spamtrap', address: address === null ? '' : decodeText(address) };
  }
}

/** The rows between two rowids that fit, as a query with the names `@after` and `@upTo` besides those of the options. */
function selectListed(
  withSightings: boolean,
  { status, onlyGarbage, seenSince, expiringUntil }: ListOptions,
): string {
  const conditions: string[] = [];
  if (onlyGarbage) conditions.push('NOT is_address(ip)');
  if (status !== undefined) {
    const wanted = [...status].flatMap(name => STATUS[name] ?? []);
    conditions.push(`(${['0', ...wanted].join(' OR ')})`);
  }
  if (seenSince !== undefined) {
    conditions.push('seen >= @seenSince');
  }
  if (expiringUntil !== undefined) conditions.push('expire > @now AND expire <= @expiringUntil');
  return `SELECT *, ${LAST_SEEN} AS seen
    FROM (${selectRecords(withSightings)} WHERE e.rowid > @after AND e.rowid <= @upTo)
    WHERE ${['1', ...conditions].join(' AND ')}`;
}

function valuesOf({
  now,
  whiteexpSeconds,
  seenSince = 0,
  expiringUntil = 0,
  limit = -1,
}: ListOptions): object {
  return { now, whiteexpSeconds, seenSince, expiringUntil, limit };
}

function* pagesAsStored(
  db: Database,
  withSightings: boolean,
  options: ListOptions,
): Generator<readonly Row[]> {
  const page = db.prepare<object, Row>(`${selectListed(withSightings, options)} ORDER BY id`).raw();
  for (const window of entryWindows(db)) yield page.all({ ...valuesOf(options), ...window });
}

let tables = 0;

/**
 * The keys of the rows are put down in a temporary table, sorted, and then walked. Keys and not rowids: whoever
 * replaces a row gives it another rowid.
 */
function* pagesInOrder(
  db: Database,
  withSightings: boolean,
  options: ListOptions,
): Generator<readonly Row[]> {
  const number = ++tables;
  const [found, ordered] = [`temp.found_${number}`, `temp.ordered_${number}`];
  const order = `ORDER BY key, ip LIMIT @limit`;
  const values = valuesOf(options);
  db.function('address_key', { deterministic: true }, addressKey);
  db.exec(`CREATE TABLE ${found}(key, ${KEY_COLUMNS})`);
  try {
    const put = db.prepare(
      `INSERT INTO ${found} SELECT ${SORT[options.sort as keyof typeof SORT]} AS key, ${KEY_COLUMNS}
       FROM (${selectListed(withSightings, options)}) ${options.limit === undefined ? '' : order}`,
    );
    for (const window of entryWindows(db)) put.run({ ...values, ...window });
    db.prepare(`CREATE TABLE ${ordered} AS SELECT ${KEY_COLUMNS} FROM ${found} ${order}`).run(values);
    db.exec(`DROP TABLE ${found}`);
    yield* walk(db, withSightings, ordered);
  } finally {
    db.exec(`DROP TABLE IF EXISTS ${found}; DROP TABLE IF EXISTS ${ordered}`);
  }
}

function* walk(db: Database, withSightings: boolean, ordered: string): Generator<readonly Row[]> {
  const page = db
    .prepare<[number], Row>(
      `SELECT r.*, o.rowid FROM ${ordered} o CROSS JOIN (${selectRecords(withSightings)}) r
       WHERE o.rowid > ? AND r.ip IS o.ip AND r.helo IS o.helo AND r."from" IS o."from" AND r."to" IS o."to"
       ORDER BY o.rowid LIMIT ${PAGE}`,
    )
    .raw();
  for (let rows = page.all(0); rows.length > 0; rows = page.all(rows.at(-1)!.at(-1) as number)) yield rows;
}

function isAddress(ip: unknown): number {
  return Number(typeof ip === 'string' && parseAddress(ip) !== undefined);
}

/** Sorts as the addresses' numbers do; what is no address comes last. */
function addressKey(ip: unknown): Buffer {
  const words = typeof ip === 'string' ? parseAddress(ip) : undefined;
  if (words === undefined) return Buffer.from([0xff]);
  const key = Buffer.alloc(17);
  words.forEach((word, i) => {
    key.writeUInt32BE(word, 1 + 4 * i);
  });
  return key;
}
