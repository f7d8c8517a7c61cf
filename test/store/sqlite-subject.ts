// SQLite databases for tests: made in a folder of their own, and filled as greyd fills them.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { StoreRecord } from '../../src/store/store.js';
import type { Entry } from '../../src/whitelist/entry.js';

/** The tables as greyd 0.11 makes them. */
export const GREYD_SCHEMA = `
  CREATE TABLE IF NOT EXISTS spamtraps(\`address\` VARCHAR(1024), PRIMARY KEY(\`address\`));
  CREATE TABLE IF NOT EXISTS domains(\`domain\` VARCHAR(1024), PRIMARY KEY(\`domain\`));
  CREATE TABLE IF NOT EXISTS entries(\`ip\` VARCHAR(46), \`helo\` VARCHAR(1024), \`from\` VARCHAR(1024),
    \`to\` VARCHAR(1024), \`first\` UNSIGNED BIGINT, \`pass\` UNSIGNED BIGINT, \`expire\` UNSIGNED BIGINT,
    \`bcount\` INTEGER, \`pcount\` INTEGER, PRIMARY KEY(\`ip\`, \`helo\`, \`from\`, \`to\`));`;

/** In memory where the system has such a folder: thousands of commits would each wait for a disk. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder for one test; `path` is of a database in it that does not exist yet. */
export function temporary(): { readonly folder: string; readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(ROOT, 'spamlogd-store-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { folder, path: join(folder, 'spamd.sqlite'), remove };
}

/** Runs something on a connection of its own, as another program would. */
export function withDatabase<T>(path: string, use: (db: Database.Database) => T): T {
  const db = new Database(path);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Runs something while another connection holds a lock, which `unlock` gives up early. */
export async function whileLocked(
  path: string,
  body: (unlock: () => void) => Promise<void>,
  mode: 'IMMEDIATE' | 'EXCLUSIVE' = 'IMMEDIATE',
): Promise<void> {
  const db = new Database(path);
  try {
    db.exec(`BEGIN ${mode}`);
    await body(() => db.exec('ROLLBACK'));
  } finally {
    db.close();
  }
}

/** Makes a database as greyd does, in rollback mode. */
export function makeGreydDatabase(path: string, records: readonly StoreRecord[] = []): void {
  withDatabase(path, db => db.exec(GREYD_SCHEMA));
  plant(path, records);
}

const INSERT = 'INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)';

/** Writes records as greyd does. */
export function plant(path: string, records: readonly StoreRecord[]): void {
  withDatabase(path, db => {
    const insert = db.prepare(INSERT);
    db.transaction(() => {
      for (const record of records) {
        if (record.kind === 'spamtrap') {
          db.prepare('INSERT OR REPLACE INTO spamtraps VALUES (?)').run(record.address);
          continue;
        }
        const { first, pass, expire, bcount, pcount } = record.entry;
        const { helo, from, to } = record.kind === 'tuple' ? record : { helo: '', from: '', to: '' };
        insert.run(record.address, helo, from, to, first, pass, expire, bcount, pcount);
      }
    })();
  });
}

/** Texts of bytes that are no UTF-8 and sort on either side of what they are decoded to, as greylogd leaves them. */
const BYTES = ['fe01', 'ff', '80', '31302e302e302eff', '31302e80', '685976ff5c5500ff', ''];

/** Writes what greylogd and others may leave: keys that are no addresses, in text, bytes, numbers and NULL. */
export function plantGarbage(path: string, { first, pass, expire, bcount, pcount }: Entry): number {
  const keys: unknown[] = ['Z', '192.0.2', 'unknown', '10.0.0.1x', '2001:db8::g', '1'.repeat(400)];
  keys.push(null, 7, 10.5, Buffer.from('\xff\x00\xfe', 'latin1'), Buffer.from('bytes'));
  return withDatabase(path, db => {
    const values = [first, pass, expire, bcount, pcount];
    for (const key of keys) db.prepare(INSERT).run(key, '', '', '', ...values);
    const asText = db.prepare(INSERT.replace('?', 'CAST(? AS TEXT)'));
    for (const bytes of BYTES) asText.run(Buffer.from(bytes, 'hex'), '', '', '', ...values);
    // Rows of an address's own shape are found by helo, from and to being ''; these are not.
    const asTuple = db.prepare(INSERT);
    asTuple.run('Z', null, '', '', ...values);
    asTuple.run(null, null, null, null, ...values);
    asTuple.run('Z', Buffer.from([0xff]), Buffer.from([]), 5, ...values);
    return keys.length + BYTES.length + 3;
  });
}
