import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import type { StoreRecord } from '../../src/store/store.js';
import {
  addressesOf,
  found,
  listed,
  NOW,
  recordOf,
  seenOnce,
  sorted,
  tarpitRecord,
  tarpitTuple,
  WHITEEXP,
} from '../contract/store-subject.js';
import {
  makeGreydDatabase,
  plant,
  plantGarbage,
  temporary,
  whileLocked,
  withDatabase,
} from './sqlite-subject.js';

const HOST = '192.0.2.1';

const RECORDS: readonly StoreRecord[] = [
  tarpitRecord(HOST, { first: NOW - WHITEEXP }),
  tarpitRecord('2001:db8::25', { first: NOW - WHITEEXP, pcount: 4 }),
  tarpitRecord('192.0.2.2', { pcount: -1, pass: 0 }),
  tarpitTuple('198.51.100.7', '<bob@example.org>'),
  { kind: 'spamtrap', address: 'spamtrap@example.org' },
];

/** Runs something on a database that greyd has made and filled. */
async function withGreyd(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const { path, folder, remove } = temporary();
  try {
    makeGreydDatabase(path, RECORDS);
    await body(path, folder);
  } finally {
    remove();
  }
}

function hash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

test('a database written by greyd alone is read, and stays as it is', async () => {
  await withGreyd(async (path, folder) => {
    const before = hash(path);
    const store = new SqliteStore(path, { isReadOnly: true });
    assert.deepEqual(sorted(await listed(store)), sorted(RECORDS));
    assert.deepEqual(addressesOf(await listed(store, { sort: 'address' })).slice(0, 2), [HOST, '192.0.2.2']);
    assert.deepEqual(await recordOf(store, HOST), RECORDS[0]);
    assert.deepEqual(addressesOf(await found(store, '2001:db8::/32')), ['2001:db8::25']);
    const seenSince = NOW + 1000 - WHITEEXP;
    assert.deepEqual(addressesOf(await listed(store, { seenSince })).sort(), [HOST, '2001:db8::25']);
    await store.close();
    assert.equal(hash(path), before);
    assert.deepEqual(readdirSync(folder), ['spamd.sqlite']);
  });
});

test("greyd's rows and tables stay as they are when ours come beside them", async () => {
  await withGreyd(async path => {
    const dump = (): unknown[] =>
      withDatabase(path, db =>
        ['entries', 'spamtraps', 'domains'].map(table => [
          db.prepare('SELECT sql FROM sqlite_master WHERE name = ?').get(table),
          db.prepare(`SELECT rowid, * FROM ${table}`).all(),
        ]),
      );
    const before = dump();
    const store = new SqliteStore(path);
    assert.deepEqual(sorted(await listed(store)), sorted(RECORDS));
    await store.close();
    assert.deepEqual(dump(), before);
  });
});

test('what we know of an address outlives its row, which greyd replaces', async () => {
  await withGreyd(async path => {
    const store = new SqliteStore(path);
    await store.applyBatch(seenOnce(HOST, NOW, 'out'), WHITEEXP);
    const { sighting } = await recordOf(store, HOST);
    const replaced = tarpitRecord(HOST, { pcount: 9, expire: NOW + 50 });
    plant(path, [replaced]);
    assert.deepEqual(await recordOf(store, HOST), { ...replaced, sighting });
    await store.applyBatch(seenOnce(HOST, NOW + 5, 'in'), WHITEEXP);
    const { entry, sighting: after } = await recordOf(store, HOST);
    assert.deepEqual([entry.pcount, entry.expire], [10, NOW + 5 + WHITEEXP]);
    assert.deepEqual([after!.firstSeen, after!.inbound, after!.outbound], [NOW, 1, 1]);
    await store.close();
  });
});

test('what we know of an address is removed some time after greyd has removed the address', async () => {
  await withGreyd(async path => {
    const store = new SqliteStore(path);
    const known = (): unknown[] =>
      withDatabase(path, db => db.prepare('SELECT ip FROM sightings ORDER BY ip').pluck().all());
    for (const address of [HOST, '192.0.2.3', '192.0.2.4']) {
      await store.applyBatch(seenOnce(address, NOW), WHITEEXP);
    }
    withDatabase(path, db => db.exec(`DELETE FROM entries WHERE ip IN ('192.0.2.3', '192.0.2.4')`));
    // A tuple of the same address is no entry of its own.
    plant(path, [tarpitTuple('192.0.2.4', '<bob@example.org>')]);
    assert.deepEqual(await store.expireWhite(NOW), []);
    assert.deepEqual(known(), [HOST]);
    await store.close();
  });
});

test('rows that greyd replaces while they are listed are not missed', async () => {
  await withGreyd(async path => {
    const addresses = Array.from({ length: 12_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    plant(
      path,
      addresses.map(address => tarpitRecord(address)),
    );
    const store = new SqliteStore(path);
    for (const sort of ['database', 'address'] as const) {
      const seen = new Set<string>();
      for await (const { address } of store.list({ now: NOW, whiteexpSeconds: WHITEEXP, sort })) {
        // The last ones are still to come, and come to be behind all others.
        if (seen.size === 10)
          plant(
            path,
            addresses.slice(-100).map(one => tarpitRecord(one, { pcount: 7 })),
          );
        seen.add(address);
      }
      assert.deepEqual(
        addresses.filter(address => !seen.has(address)),
        [],
        sort,
      );
    }
    await store.close();
  });
});

test('nobody has to wait for a lock when nothing has ended', async () => {
  await withGreyd(async path => {
    const store = new SqliteStore(path, { busyTimeoutMs: 0 });
    await whileLocked(path, async () => assert.deepEqual(await store.expireWhite(NOW), []));
    await store.close();
  });
});

test('keys of bytes are shown as text, and are no addresses', async () => {
  await withGreyd(async path => {
    withDatabase(path, db => {
      const insert = db.prepare(`INSERT INTO entries VALUES (?, '', '', '', 1, 1, ${NOW}, 1, 1)`);
      insert.run(Buffer.from('10.0.0.1'));
    });
    const store = new SqliteStore(path);
    assert.deepEqual(await found(store, '10.0.0.1'), []);
    assert.deepEqual(await found(store, '10.0.0.0/8'), []);
    assert.deepEqual(await store.expireWhite(NOW), []);
    assert.equal((await listed(store, { sort: 'address' })).at(-2)?.address, '10.0.0.1');
    await store.close();
  });
});

test('numbers that are none are read as zero', async () => {
  await withGreyd(async path => {
    const values = [null, 'abc', Buffer.from([1]), '', 1.5] as const;
    withDatabase(path, db => {
      const insert = db.prepare(`INSERT INTO entries VALUES (?, '', '', '', ?, ?, ?, ?, ?)`);
      for (const [i, value] of values.entries()) insert.run(`10.0.0.${i}`, value, value, value, value, value);
    });
    const store = new SqliteStore(path);
    for (let i = 0; i < values.length; i++) {
      const number = i === 4 ? 1 : 0;
      const { entry } = await recordOf(store, `10.0.0.${i}`);
      assert.deepEqual(Object.values(entry), Array(5).fill(number), String(values[i]));
    }
    const expired = await listed(store, { status: new Set(['EXPIRED']) });
    assert.equal(expired.length, values.length);
    await store.close();
  });
});

test('a page full of keys that are no UTF-8 ends', async () => {
  await withGreyd(async path => {
    withDatabase(path, db => {
      const insert = db.prepare(`INSERT INTO entries VALUES (CAST(? AS TEXT), '', '', '', 1, 1, 1, 1, 1)`);
      db.transaction(() => {
        for (let i = 0; i < 5000; i++) insert.run(Buffer.from([0x31, 0x30, 0x2e, 0xf8, i >> 8, i & 255]));
      })();
    });
    plantGarbage(path, tarpitRecord('').entry);
    plant(path, [tarpitRecord('10.9.9.9')]);
    const store = new SqliteStore(path);
    assert.deepEqual(addressesOf(await found(store, '10.0.0.0/8')), ['10.9.9.9']);
    assert.deepEqual(
      addressesOf(await found(store, '::/0'))
        .sort()
        .slice(0, 2),
      ['10.9.9.9', HOST],
    );
    await store.close();
  });
});
