// Applies what peers say to an SQLite database.

import type { Database } from 'better-sqlite3';
import { applySync } from '../whitelist/apply-sync.js';
import type { Entry } from '../whitelist/entry.js';
import type { AddressStatement, SyncResult } from './store.js';

const OWN_ROW = "ip = ? AND helo = '' AND \"from\" = '' AND \"to\" = ''";
const COLUMNS = 'first, pass, expire, bcount, pcount';

/** To be called in a transaction; what it throws is SQLite's. */
export function applyStatements(
  db: Database,
  statements: readonly AddressStatement[],
  now: number,
  whiteexpSeconds: number,
): SyncResult[] {
  const find = db.prepare<[string], Entry & { rowid: number }>(
    `SELECT rowid, ${COLUMNS} FROM entries WHERE ${OWN_ROW}`,
  );
  const insert = db.prepare(
    `INSERT INTO entries(ip, helo, "from", "to", ${COLUMNS}) VALUES (?, '', '', '', ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare(
    'UPDATE entries SET first = ?, pass = ?, expire = ?, bcount = ?, pcount = ? WHERE rowid = ?',
  );
  const remove = db.prepare('DELETE FROM entries WHERE rowid = ?');
  const applyOne = ({ address, ...statement }: AddressStatement): SyncResult => {
    const before = find.get(address);
    const { outcome, entry } = applySync(before, statement, now, whiteexpSeconds);
    if (outcome === 'deleted') remove.run(before!.rowid);
    if (outcome === 'kept' || outcome === 'trapped' || entry === undefined) {
      return { outcome, expire: entry?.expire ?? 0 };
    }
    const { first, pass, expire, bcount, pcount } = entry;
    if (before === undefined) insert.run(address, first, pass, expire, bcount, pcount);
    else update.run(first, pass, expire, bcount, pcount, before.rowid);
    return { outcome, expire };
  };
  return statements.map(applyOne);
}
