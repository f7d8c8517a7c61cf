// Looks into databases, and makes those that greyd would.

import Database from 'better-sqlite3';

/** A row of greyd's table. */
export interface EntryRow {
  readonly ip: string;
  readonly helo: string;
  readonly from: string;
  readonly to: string;
  readonly first: number;
  readonly pass: number;
  readonly expire: number;
  readonly bcount: number;
  readonly pcount: number;
}

/** A row of ours. */
export interface SightingRow {
  readonly ip: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly last_direction: 'in' | 'out';
  readonly inbound: number;
  readonly outbound: number;
  readonly interface: string;
  readonly ruleset: string;
  readonly rulenr: number | null;
  readonly subrulenr: number | null;
}

/** The answer to a query of a database. */
export function select<T>(path: string, sql: string): T[] {
  const db = new Database(path, { fileMustExist: true });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

/** All entries, in the order of their addresses' texts. */
export function entries(path: string): EntryRow[] {
  return select(path, 'SELECT * FROM entries ORDER BY ip, helo, "from", "to"');
}

/** All sightings, in the same order. */
export function sightings(path: string): SightingRow[] {
  return select(path, 'SELECT * FROM sightings ORDER BY ip');
}

/** greyd's tables. */
export const GREYD_TABLES = `
  CREATE TABLE spamtraps(address VARCHAR(1024), PRIMARY KEY(address));
  CREATE TABLE domains(domain VARCHAR(1024), PRIMARY KEY(domain));
  CREATE TABLE entries(ip VARCHAR(46), helo VARCHAR(1024), "from" VARCHAR(1024), "to" VARCHAR(1024),
    first UNSIGNED BIGINT, pass UNSIGNED BIGINT, expire UNSIGNED BIGINT, bcount INTEGER, pcount INTEGER,
    PRIMARY KEY(ip, helo, "from", "to"));`;

/** A database as greyd's SQLite driver makes it: no table of ours, a rollback journal. */
export function makeGreydDatabase(
  path: string,
  rows: readonly EntryRow[],
  spamtraps: readonly string[] = [],
): void {
  const db = new Database(path);
  db.exec(GREYD_TABLES);
  const insert = db.prepare(
    'INSERT INTO entries VALUES (@ip, @helo, @from, @to, @first, @pass, @expire, @bcount, @pcount)',
  );
  for (const row of rows) insert.run(row);
  for (const address of spamtraps) db.prepare('INSERT INTO spamtraps VALUES (?)').run(address);
  db.close();
}

/** An entry under an address alone: a white one, unless said otherwise. */
export function entry(ip: string, more: Partial<EntryRow> = {}): EntryRow {
  const times = { first: 1_699_913_600, pass: 1_699_915_400, expire: 1_703_110_400 };
  return { ip, helo: '', from: '', to: '', ...times, bcount: 1, pcount: 5, ...more };
}

/** A database of greyd's with so many white entries, of IPv6 addresses, that have ended. */
export function makeEndedDatabase(path: string, count: number): void {
  makeGreydDatabase(path, []);
  const db = new Database(path);
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO entries SELECT printf('2001:db8:%x:%x:1:1:1:1', 1 + i % 65535, 1 + i / 65535),
       '', '', '', 1, 1, 1000, 1, 0 FROM n`,
  ).run(count);
  db.close();
}
