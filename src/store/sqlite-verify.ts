// Checks an SQLite database: the file's format, that it is a whitelist, and that every record makes sense.

import type { Database } from 'better-sqlite3';
import { canonicalAddress } from '../address/address.js';
import { sqliteError } from './sqlite-errors.js';
import { openSqlite } from './sqlite-open.js';
import { hasTable } from './sqlite-schema.js';
import { entryWindows, sightingWindows } from './sqlite-windows.js';

/** Something wrong with a database. */
export interface RecordProblem {
  /** `damage` loses or hides entries or will; an `oddity` costs room or time at most. */
  readonly severity: 'damage' | 'oddity';
  readonly text: string;
}

/**
 * Everything wrong with the database at a path; it is not changed. That it cannot be opened, or checked further, is a
 * `StoreError`.
 */
export function* verifySqlite(path: string, busyTimeoutMs: number): Generator<RecordProblem> {
  const db = openSqlite(path, { isReadOnly: true, busyTimeoutMs });
  try {
    yield* formatProblems(db);
    yield* entryProblems(db);
    if (hasTable(db, 'sightings')) yield* sightingProblems(db);
  } catch (cause) {
    throw sqliteError('check', `"${path}"`, cause);
  } finally {
    db.close();
  }
}

/** What SQLite finds, which may be several lines under a heading at a time. */
function* formatProblems(db: Database): Generator<RecordProblem> {
  for (const found of db.prepare<[], string>('PRAGMA integrity_check').pluck().iterate()) {
    if (found === 'ok') continue;
    for (const text of found.split('\n')) if (!text.startsWith('***')) yield { severity: 'damage', text };
  }
}

interface EntryRow {
  readonly ip: unknown;
  readonly isOwn: number;
  readonly types: string;
  readonly first: number;
  readonly expire: number;
  readonly pcount: number;
}

function* entryProblems(db: Database): Generator<RecordProblem> {
  const find = db.prepare<object, EntryRow>(
    `SELECT ip, helo = '' AND "from" = '' AND "to" = '' AS isOwn, first, expire, pcount,
       typeof(first) || typeof(pass) || typeof(expire) || typeof(bcount) || typeof(pcount) AS types
     FROM entries WHERE rowid > @after AND rowid <= @upTo ORDER BY rowid`,
  );
  for (const window of entryWindows(db)) {
    for (const row of find.all(window)) {
      const problem = entryProblem(row);
      if (problem) yield problem;
    }
  }
}

function entryProblem({ ip, isOwn, types, first, expire, pcount }: EntryRow): RecordProblem | undefined {
  const name = JSON.stringify(typeof ip === 'string' ? ip : String(ip));
  const canonical = typeof ip === 'string' ? canonicalAddress(ip) : undefined;
  if (canonical === undefined) {
    return { severity: 'oddity', text: `${name} is no address, as an old greylogd wrote them` };
  }
  if (types !== 'integer'.repeat(5)) {
    return { severity: 'damage', text: `the entry of ${name} has times or counts that are no integers` };
  }
  if (isOwn && canonical !== ip) {
    return { severity: 'damage', text: `${name} is found as ${canonical} only, and not written so` };
  }
  if (pcount < -2) return { severity: 'damage', text: `${name} has a pcount of ${pcount}` };
  if (pcount >= 0 && first > expire) {
    return { severity: 'oddity', text: `${name} ended before it began` };
  }
  return undefined;
}

function* sightingProblems(db: Database): Generator<RecordProblem> {
  const find = db.prepare<object, { ip: string; first_seen: number; last_seen: number }>(
    'SELECT ip, first_seen, last_seen FROM sightings WHERE ip > @after AND ip <= @upTo ORDER BY ip',
  );
  for (const window of sightingWindows(db)) {
    for (const { ip, first_seen, last_seen } of find.all(window)) {
      const name = JSON.stringify(ip);
      if (canonicalAddress(ip) !== ip) {
        yield { severity: 'damage', text: `the sightings of ${name} belong to no address` };
      } else if (first_seen > last_seen) {
        yield { severity: 'damage', text: `${name} was last seen before it was first seen` };
      }
    }
  }
}
