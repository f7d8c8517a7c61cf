// Finds what has ended in an SQLite database, without keeping anybody from writing, and removes it.

import type { Database } from 'better-sqlite3';
import { parseAddress } from '../address/address.js';
import { entryWindows, sightingWindows } from './sqlite-windows.js';

const OWN_ROW = "entries.ip = ? AND helo = '' AND \"from\" = '' AND \"to\" = ''";

/** What {@link removeEnded} is to remove. */
export interface Ended {
  /** Addresses whose white entry has ended. */
  readonly white: readonly string[];
  /** Addresses that we have seen, and whose entry somebody else has removed. */
  readonly forgotten: readonly string[];
}

/**
 * Looks for white entries whose `expire` has come, and for sightings that belong to no entry any more; for so many of each
 * at most.
 */
export function findEnded(db: Database, now: number, limit: number): Ended {
  return { white: atMost(limit, findWhite(db, now)), forgotten: atMost(limit, findForgotten(db)) };
}

function atMost(limit: number, pages: Iterable<readonly string[]>): string[] {
  const found: string[] = [];
  for (const page of pages) {
    for (const ip of page) found.push(ip);
    if (found.length >= limit) return found.slice(0, limit);
  }
  return found;
}

/** Removes them, unless they have changed since; gives the addresses that were white. To be called in a transaction. */
export function removeEnded(db: Database, ended: Ended, now: number): string[] {
  const remove = db.prepare(`DELETE FROM entries WHERE ${OWN_ROW} AND pcount >= 0 AND expire <= ?`);
  const forget = db.prepare(
    `DELETE FROM sightings WHERE ip = ? AND NOT EXISTS (SELECT 1 FROM entries WHERE ${OWN_ROW})`,
  );
  const removed = ended.white.filter(address => remove.run(address, now).changes > 0);
  for (const address of [...removed, ...ended.forgotten]) forget.run(address, address);
  return removed;
}

function* findWhite(db: Database, now: number): Generator<string[]> {
  const find = db
    .prepare<object, string>(
      `SELECT ip FROM entries
       WHERE rowid > @after AND rowid <= @upTo AND helo = '' AND "from" = '' AND "to" = ''
         AND pcount >= 0 AND expire <= @now AND typeof(ip) = 'text'`,
    )
    .pluck();
  for (const window of entryWindows(db)) {
    // What others left under keys that are no addresses is not ours to remove.
    yield find.all({ ...window, now }).filter(ip => parseAddress(ip) !== undefined);
  }
}

function* findForgotten(db: Database): Generator<string[]> {
  const find = db
    .prepare<object, string>(
      `SELECT ip FROM sightings s WHERE ip > @after AND ip <= @upTo AND NOT EXISTS
         (SELECT 1 FROM entries e WHERE e.ip = s.ip AND helo = '' AND "from" = '' AND "to" = '')`,
    )
    .pluck();
  for (const window of sightingWindows(db)) yield find.all(window);
}
