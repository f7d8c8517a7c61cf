import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { withDatabase } from './sqlite-subject.js';

const ENTRIES = 1_000_000;
const WALKER = fileURLToPath(new URL('./children/walk-database.js', import.meta.url));

// On a disk: in a file system in memory it would count as memory itself.
const folder = mkdtempSync(join(tmpdir(), 'spamlogd-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a database of so many entries, all of them seen: quickly, as SQLite itself can. */
async function fill(path: string, entries: number): Promise<string> {
  await new SqliteStore(path, { canCreate: true }).close();
  withDatabase(path, db => {
    db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
       INSERT INTO entries SELECT printf('10.%d.%d.%d', i >> 16, (i >> 8) & 255, i & 255), '', '', '', 1, 1, 9, 1, i FROM n`,
    ).run(entries);
    db.exec(`INSERT INTO sightings SELECT ip, 1, 2, 'in', 1, 0, 'em0', '', 7, NULL FROM entries ORDER BY ip`);
  });
  return path;
}

const small = await fill(join(folder, 'small.sqlite'), ENTRIES / 20);
const large = await fill(join(folder, 'large.sqlite'), ENTRIES);

function walk(path: string, how: string): { count: number; mebibytes: number } {
  const { stdout, stderr } = spawnSync(process.execPath, [WALKER, path, how], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

for (const how of ['find', 'address']) {
  test(`a million entries take no more memory than fifty thousand: ${how}`, t => {
    const few = walk(small, how);
    const many = walk(large, how);
    t.diagnostic(`${few.mebibytes.toFixed()} and ${many.mebibytes.toFixed()} MiB at most`);
    assert.deepEqual([few.count, many.count], [ENTRIES / 20, ENTRIES]);
    assert.ok(many.mebibytes < 150, `${many.mebibytes} MiB`);
    assert.ok(many.mebibytes < few.mebibytes + 40, `${few.mebibytes} and ${many.mebibytes} MiB`);
  });
}
