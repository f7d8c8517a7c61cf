// Divides a large SQLite table into ranges that are quickly read: a lock held longer than a moment stops greyd's commits.

import type { Database } from 'better-sqlite3';

/** Rows of a range, which are looked at under one lock. */
const ROWS = 5000;

/** A range of keys, without the first and with the last. */
export interface Window<K> {
  readonly after: K;
  readonly upTo: K;
}

/**
 * The whole table of entries in ranges of rowids. A row that is replaced meanwhile moves to the end, and so may come
 * again, but none is missed: the last range has no end, and begins behind what was the end shortly before. Whoever adds
 * rows is not followed beyond it.
 */
export function* entryWindows(db: Database): Generator<Window<number>> {
  const last = db.prepare<[], number | null>('SELECT max(rowid) FROM entries').pluck();
  let after = Number.MIN_SAFE_INTEGER;
  for (let round = 0; round < 2; round++) {
    const end = Math.max(last.get() ?? after, after);
    yield* windows(db, 'entries', 'rowid', after, end);
    after = end;
  }
  yield { after, upTo: Number.MAX_SAFE_INTEGER };
}

/** The whole table of sightings in ranges of addresses' texts. */
export function sightingWindows(db: Database): Generator<Window<string>> {
  return windows(db, 'sightings', 'ip', '', '\u{10ffff}');
}

function* windows<K>(db: Database, table: string, key: string, start: K, end: K): Generator<Window<K>> {
  const find = db
    .prepare<[K, K], K | null>(
      `SELECT max(k) FROM (SELECT ${key} AS k FROM ${table} WHERE k > ? AND k <= ? ORDER BY k LIMIT ${ROWS})`,
    )
    .pluck();
  let after = start;
  for (let upTo = find.get(after, end); upTo != null; upTo = find.get(after, end)) {
    yield { after, upTo };
    after = upTo;
  }
}
