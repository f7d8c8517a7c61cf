// The tables in an SQLite database: greyd's three, which are shared with it, and ours beside them.

import type { Database } from 'better-sqlite3';
import { StoreError } from './store.js';

/** Version of our own table; a database that says a higher one was written by a later program. */
export const SCHEMA_VERSION = 1;

/** greyd's tables as its drivers/sqlite.c makes them, so that either program may come first. */
const GREYD_TABLES = `
CREATE TABLE IF NOT EXISTS spamtraps(
  \`address\` VARCHAR(1024),
  PRIMARY KEY(\`address\`)
);
CREATE TABLE IF NOT EXISTS domains(
  \`domain\` VARCHAR(1024),
  PRIMARY KEY(\`domain\`)
);
CREATE TABLE IF NOT EXISTS entries(
  \`ip\` VARCHAR(46),
  \`helo\` VARCHAR(1024),
  \`from\` VARCHAR(1024),
  \`to\` VARCHAR(1024),
  \`first\` UNSIGNED BIGINT,
  \`pass\` UNSIGNED BIGINT,
  \`expire\` UNSIGNED BIGINT,
  \`bcount\` INTEGER,
  \`pcount\` INTEGER,
  PRIMARY KEY(\`ip\`, \`helo\`, \`from\`, \`to\`)
);`;

/** What greyd has no place for, since it replaces whole rows. Times are seconds since the epoch. */
const OUR_TABLES = `
CREATE TABLE IF NOT EXISTS sightings_version(version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sightings(
  ip TEXT NOT NULL PRIMARY KEY,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  last_direction TEXT NOT NULL CHECK(last_direction IN ('in', 'out')),
  inbound INTEGER NOT NULL,
  outbound INTEGER NOT NULL,
  interface TEXT NOT NULL,
  ruleset TEXT NOT NULL,
  rulenr INTEGER,
  subrulenr INTEGER
) WITHOUT ROWID;`;

/** The tables that a database has. */
export interface Schema {
  /** Makes sure that the database is one of these, without changing it. @throws {StoreError} `not-ours` or `newer` */
  readonly check: (db: Database, name: string) => void;
  /** Makes the tables that are missing; a database without any becomes a write-ahead logged one, or will. @throws as check */
  readonly ensure: (db: Database, name: string, logsLater: boolean) => void;
}

const ENTRY_COLUMNS = ['ip', 'helo', 'from', 'to', 'first', 'pass', 'expire', 'bcount', 'pcount'];

/** Whether there is such a table; the oldest greyd made none of spamtraps. */
export function hasTable(db: Database, table: string): boolean {
  return columnsOf(db, table).length > 0;
}

function columnsOf(db: Database, table: string): string[] {
  return db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
}

/** Whether there is no table at all, as in a file that was made and not written to yet. */
export function isEmpty(db: Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined;
}

function checkWhitelist(db: Database, name: string): void {
  const columns = columnsOf(db, 'entries');
  const missing = ENTRY_COLUMNS.find(column => !columns.includes(column));
  if (missing !== undefined) {
    const why = columns.length === 0 ? 'no table "entries"' : `no column "${missing}" in table "entries"`;
    throw new StoreError(
      'not-ours',
      `Cannot use store ${name}: it is not a greyd or spamlogd database (${why})`,
    );
  }
  checkOurs(db, name);
}

/** What we know a table of ours by: one that another program calls the same has other columns. */
const OUR_COLUMNS = {
  sightings_version: ['version'],
  sightings: [
    'ip',
    'first_seen',
    'last_seen',
    'last_direction',
    'inbound',
    'outbound',
    'interface',
    'ruleset',
    'rulenr',
    'subrulenr',
  ],
} as const;

function checkOurs(db: Database, name: string): void {
  checkVersion(db, name);
  for (const [table, wanted] of Object.entries(OUR_COLUMNS)) {
    const columns = columnsOf(db, table);
    const missing = wanted.find(column => columns.length > 0 && !columns.includes(column));
    if (missing !== undefined) {
      const text = `it is not a greyd or spamlogd database (no column "${missing}" in table "${table}")`;
      throw new StoreError('not-ours', `Cannot use store ${name}: ${text}`);
    }
  }
}

function checkVersion(db: Database, name: string): void {
  if (!columnsOf(db, 'sightings_version').includes('version')) return;
  const version = db.prepare('SELECT max(version) FROM sightings_version').pluck().get() as number | null;
  if (version !== null && version > SCHEMA_VERSION) {
    const text = `its schema version is ${version}, this program knows ${SCHEMA_VERSION}; use a later spamlogd`;
    throw new StoreError('newer', `Cannot use store ${name}: ${text}`);
  }
}

function checkSightings(db: Database, name: string): void {
  const why = hasTable(db, 'entries')
    ? 'it holds a whitelist'
    : !hasTable(db, 'sightings') && 'no table "sightings"';
  if (why)
    throw new StoreError('not-ours', `Cannot use store ${name}: it is no database of sightings (${why})`);
  checkOurs(db, name);
}

/** Makes a database a write-ahead logged one. */
export function startLog(db: Database): void {
  db.pragma('journal_mode = WAL');
}

function ensure(
  db: Database,
  name: string,
  check: Schema['check'],
  tables: string,
  logsLater: boolean,
): void {
  if (!isEmpty(db)) check(db, name);
  else if (!logsLater) startLog(db);
  if (hasTable(db, 'sightings')) return;
  db.transaction(() => {
    db.exec(tables);
    const hasVersion = db.prepare('SELECT 1 FROM sightings_version').get() !== undefined;
    if (!hasVersion) db.prepare('INSERT INTO sightings_version VALUES (?)').run(SCHEMA_VERSION);
  }).immediate();
}

/** greyd's tables, with ours beside them. The journal mode of a database that greyd made is left as it is. */
export const WHITELIST_SCHEMA: Schema = {
  check: checkWhitelist,
  ensure: (db, name, logsLater) => ensure(db, name, checkWhitelist, GREYD_TABLES + OUR_TABLES, logsLater),
};

/** Our tables alone: what is known of addresses whose entries are elsewhere. */
export const SIGHTINGS_SCHEMA: Schema = {
  check: checkSightings,
  ensure: (db, name, logsLater) => ensure(db, name, checkSightings, OUR_TABLES, logsLater),
};
