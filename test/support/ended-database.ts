// A database of greyd's with many white entries that have ended.

import Database from 'better-sqlite3';

const TABLES = `
  CREATE TABLE entries(ip VARCHAR(46), helo VARCHAR(1024), "from" VARCHAR(1024), "to" VARCHAR(1024),
    first UNSIGNED BIGINT, pass UNSIGNED BIGINT, expire UNSIGNED BIGINT, bcount INTEGER, pcount INTEGER,
    PRIMARY KEY(ip, helo, "from", "to"));
  CREATE TABLE spamtraps(address VARCHAR(1024), PRIMARY KEY(address));
  CREATE TABLE domains(domain VARCHAR(1024), PRIMARY KEY(domain));`;

/** Makes one at a path. */
export function makeEnded(path: string, entries: number): void {
  const db = new Database(path);
  db.exec(TABLES);
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO entries SELECT printf('2001:db8:%x:%x:1:1:1:1', 1 + i % 65535, 1 + i / 65535),
       '', '', '', 1, 1, 1000, 1, 0 FROM n`,
  ).run(entries);
  db.close();
}
