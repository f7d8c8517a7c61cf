import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { entryWindows } from '../../src/store/sqlite-windows.js';
import { GREYD_SCHEMA } from './sqlite-subject.js';

const INSERT = `INSERT OR REPLACE INTO entries VALUES (?, '', '', '', 1, 1, 9, 1, 0)`;

/** The addresses in all windows; `between` is run after a window is chosen and before it is read. */
function read(db: Database.Database, between: () => void): string[] {
  const page = db
    .prepare<object, string>('SELECT ip FROM entries WHERE rowid > @after AND rowid <= @upTo')
    .pluck();
  const found: string[] = [];
  for (const window of entryWindows(db)) {
    between();
    found.push(...page.all(window));
  }
  return found;
}

test('a row that another program replaces before every window is in one of them', () => {
  for (const rows of [1, 10, 6000, 12_000]) {
    const db = new Database(':memory:');
    db.exec(GREYD_SCHEMA);
    const insert = db.prepare(INSERT);
    const addresses = Array.from({ length: rows }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    db.transaction(() => {
      for (const address of addresses) insert.run(address);
    })();
    const busy = [addresses.at(0)!, addresses.at(rows >> 1)!, addresses.at(-1)!];
    const found = read(db, () => {
      for (const address of busy) insert.run(address);
    });
    assert.deepEqual([...new Set(found)].sort(), addresses.sort(), `${rows} rows`);
    assert.ok(found.length <= rows + 3 * busy.length, 'and no row comes again that was not replaced');
    db.close();
  }
});

test('whoever adds rows without end is not followed', () => {
  const db = new Database(':memory:');
  db.exec(GREYD_SCHEMA);
  const insert = db.prepare(INSERT);
  let added = 0;
  const add = (): void => void insert.run(`10.1.${added >> 8}.${added++ & 255}`);
  add();
  assert.ok(read(db, add).length <= added);
  assert.ok(added < 10);
  db.close();
});
