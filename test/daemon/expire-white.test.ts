import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { Expiry } from '../../src/daemon/expire-white.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';

const NOW = 1_800_000_000;

test('white entries end; the trapped, the grey and what is no address stay, the last told of once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spamlogd-expiry-'));
  try {
    const path = join(folder, 'db');
    const store = new SqliteStore(path, { canCreate: true });
    const db = new Database(path);
    const insert = db.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const put = (ip: string, helo: string, expire: number, pcount: number): void =>
      void insert.run(ip, helo, helo, helo, NOW - 100, NOW - 100, expire, 0, pcount);
    put('192.0.2.1', '', NOW, 1);
    put('192.0.2.2', '', NOW + 1, 1);
    put('192.0.2.3', '', NOW - 1, -1);
    put('192.0.2.4', 'helo', NOW - 1, 0);
    put('hYv', '', NOW - 1, 1);
    const garbage: string[] = [];
    const expiry = new Expiry(key => garbage.push(key));
    assert.deepEqual(await expiry.run(store, NOW), ['192.0.2.1']);
    assert.deepEqual(await expiry.run(store, NOW), []);
    assert.deepEqual(garbage, ['hYv']);
    assert.deepEqual(db.prepare('SELECT ip FROM entries ORDER BY ip').pluck().all(), [
      '192.0.2.2',
      '192.0.2.3',
      '192.0.2.4',
      'hYv',
    ]);
    db.close();
    await store.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
