import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { GarbageKeys } from '../../src/daemon/garbage-keys.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { temporaryFolder } from '../support/folder.js';

const NOW = 1_800_000_000;
const HOUR_MS = 3_600_000;

function setUp(t: TestContext) {
  const path = join(temporaryFolder(t), 'db');
  const store = new SqliteStore(path, { canCreate: true });
  const db = new Database(path);
  t.after(async () => {
    db.close();
    await store.close();
  });
  const insert = db.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const put = (ip: string, { helo = '', expire = NOW + 100, pcount = 1 } = {}): void =>
    void insert.run(ip, helo, helo, helo, NOW - 100, NOW - 100, expire, 0, pcount);
  const said: string[] = [];
  const keys = new GarbageKeys(line => said.push(line));
  return { store, put, said, keys };
}

const line = (key: string): string => `database holds ${key}, which is not an address: left alone`;

test('each is told of once, whenever it ends, and addresses are not', async t => {
  const { store, put, said, keys } = setUp(t);
  put('192.0.2.1');
  put('2001:db8::1', { expire: NOW - 1 });
  put('hYv');
  put('Z', { expire: NOW - 1 });
  put('192.0.2', { pcount: -1 });
  put('grey', { helo: 'helo' });
  await keys.lookWhenDue(store, NOW * 1000);
  assert.deepEqual(said.toSorted(), ['"192.0.2"', '"Z"', '"hYv"'].map(line));
  await keys.lookWhenDue(store, NOW * 1000 + 2 * HOUR_MS);
  assert.equal(said.length, 3);
});

test('one that comes later is told of an hour later', async t => {
  const { store, put, said, keys } = setUp(t);
  await keys.lookWhenDue(store, NOW * 1000);
  put('late');
  await keys.lookWhenDue(store, NOW * 1000 + HOUR_MS - 1);
  assert.deepEqual(said, []);
  await keys.lookWhenDue(store, NOW * 1000 + HOUR_MS);
  assert.deepEqual(said, [line('"late"')]);
});

test('of very many the first ten are named and the others counted', async t => {
  const { store, put, said, keys } = setUp(t);
  for (let i = 0; i < 3000; i++) put(`key ${i}`);
  await keys.lookWhenDue(store, NOW * 1000);
  assert.equal(said.length, 11);
  assert.equal(said[10], 'database holds 2990 further keys that are not addresses: left alone');
  await keys.lookWhenDue(store, NOW * 1000 + HOUR_MS);
  assert.equal(said.length, 11);
  put('one more');
  await keys.lookWhenDue(store, NOW * 1000 + 2 * HOUR_MS);
  assert.deepEqual(said.slice(11), ['database holds 2991 further keys that are not addresses: left alone']);
});

test('a long key is cut', async t => {
  const { store, put, said, keys } = setUp(t);
  put('x'.repeat(10_000));
  await keys.lookWhenDue(store, NOW * 1000);
  assert.deepEqual(said, [line(`"${'x'.repeat(100)}…"`)]);
});

test('another database is looked at anew', async t => {
  const { store, put, said, keys } = setUp(t);
  put('hYv');
  await keys.lookWhenDue(store, NOW * 1000);
  keys.forget();
  await keys.lookWhenDue(store, NOW * 1000);
  assert.deepEqual(said, [line('"hYv"'), line('"hYv"')]);
});
