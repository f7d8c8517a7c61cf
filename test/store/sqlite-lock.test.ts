import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { type SqliteOptions, SqliteStore } from '../../src/store/sqlite-store.js';
import type { SortKey, Store } from '../../src/store/store.js';
import {
  addressesOf,
  batchOf,
  entryOf,
  found,
  NOW,
  seenOnce,
  tarpitRecord,
  WHITEEXP,
} from '../contract/store-subject.js';
import { makeGreydDatabase, temporary, whileLocked, withDatabase } from './sqlite-subject.js';

const HOST = '192.0.2.1';
const LOCK_HOLDER = fileURLToPath(new URL('./children/hold-lock.js', import.meta.url));
const WRITER = fileURLToPath(new URL('./children/open-store.js', import.meta.url));

/** The two journal modes, each with how a database in it comes to be. */
const MODES: Readonly<Record<string, (path: string) => void>> = {
  'in rollback mode': path => makeGreydDatabase(path),
  'write-ahead logged': path => {
    makeGreydDatabase(path);
    withDatabase(path, db => db.pragma('journal_mode = WAL'));
  },
};

/** Runs something on a database of each mode. */
function inEachMode(
  name: string,
  options: SqliteOptions,
  body: (store: SqliteStore, path: string, mode: string) => Promise<void>,
): void {
  for (const [mode, make] of Object.entries(MODES)) {
    test(`${name}, ${mode}`, async () => {
      const { path, remove } = temporary();
      make(path);
      const store = new SqliteStore(path, options);
      try {
        await body(store, path, mode);
      } finally {
        await store.close();
        remove();
      }
    });
  }
}

const changes: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  applyBatch: store => store.applyBatch(seenOnce('192.0.2.2', NOW), WHITEEXP),
  add: store => store.add('192.0.2.2', NOW, WHITEEXP),
  trap: store => store.trap(HOST, NOW, WHITEEXP),
  delete: store => store.delete(HOST),
  expireWhite: store => store.expireWhite(NOW + 2 * WHITEEXP),
};

inEachMode("another program's lock is waited for", { busyTimeoutMs: 20_000 }, async (store, path) => {
  const holder = spawn(process.execPath, [LOCK_HOLDER, path, HOST, '1000']);
  await once(holder.stdout, 'data');
  await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
  // What the other program had written under its lock was there when it was our turn.
  assert.equal((await entryOf(store, HOST)).first, 1);
  await once(holder, 'close');
});

inEachMode(
  'a lock that is held too long costs nothing but time',
  { busyTimeoutMs: 50 },
  async (store, path) => {
    await store.add(HOST, NOW, WHITEEXP);
    const before = await found(store, '::/0');
    const busy = {
      name: 'StoreError',
      code: 'busy',
      message: `Cannot write to store "${path}": it is locked by another program`,
    };
    await whileLocked(path, async () => {
      for (const change of Object.values(changes)) await assert.rejects(change(store), busy);
      assert.deepEqual(await found(store, '::/0'), before);
    });
    for (const change of Object.values(changes)) await change(store);
    assert.deepEqual(await found(store, '::/0'), []);
  },
);

inEachMode('a locked database is found locked when it is opened', {}, async (_, path, mode) => {
  await whileLocked(
    path,
    async unlock => {
      const busy = { code: 'busy', message: `Cannot open store "${path}": it is locked by another program` };
      for (const options of [{}, { isReadOnly: true }]) {
        const open = (): SqliteStore => new SqliteStore(path, { ...options, busyTimeoutMs: 50 });
        // A log lets readers in while somebody writes, and there is nothing to write when it is opened.
        if (mode === 'write-ahead logged') await open().close();
        else assert.throws(open, busy);
      }
      unlock();
      await new SqliteStore(path, { busyTimeoutMs: 0 }).close();
    },
    'EXCLUSIVE',
  );
});

test('a reader that stops a commit loses us nothing', async () => {
  const { path, remove } = temporary();
  makeGreydDatabase(path, [tarpitRecord(HOST), tarpitRecord('192.0.2.3')]);
  const store = new SqliteStore(path, { busyTimeoutMs: 50 });
  const reader = new Database(path, { readonly: true });
  try {
    const rows = reader.prepare('SELECT * FROM entries').iterate();
    rows.next();
    await assert.rejects(store.applyBatch(seenOnce(HOST, NOW), WHITEEXP), {
      name: 'StoreError',
      code: 'busy',
    });
    rows.return?.();
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    assert.equal((await entryOf(store, HOST)).pcount, 1);
  } finally {
    reader.close();
    await store.close();
    remove();
  }
});

const SORTS: readonly SortKey[] = ['database', 'address', 'lastSeen'];

inEachMode('whoever reads slowly keeps nobody from writing', {}, async (store, path) => {
  const addresses = Array.from({ length: 12_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  await store.applyBatch(batchOf(addresses.map(address => ({ address, time: NOW }))), WHITEEXP);
  const impatient = new Database(path, { timeout: 0 });
  const write = impatient.prepare('UPDATE entries SET bcount = bcount + 1 WHERE ip = ?');
  try {
    const walks = SORTS.map(sort => store.list({ now: NOW, whiteexpSeconds: WHITEEXP, sort }));
    for (const walk of [...walks, store.find({ words: [0, 0, 0, 0], bits: 0 })]) {
      let count = 0;
      for await (const record of walk) {
        assert.equal(record.kind, 'address');
        // A commit of another connection, which waits for no lock, in the middle of a page and between two.
        if (count++ % 777 === 0) assert.equal(write.run(addresses[count % 9]).changes, 1);
      }
      assert.equal(count, addresses.length);
    }
  } finally {
    impatient.close();
  }
});

inEachMode('several programs write at once, and all of it is there', {}, async (store, path) => {
  const addresses = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
  const options = JSON.stringify({ busyTimeoutMs: 30_000 });
  const children = [1, 2, 3].map(async () => {
    const child = spawn(process.execPath, [WRITER, path, options, '', ...addresses], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.resume();
    assert.deepEqual(await once(child, 'close'), [0, null]);
  });
  await Promise.all(children);
  assert.deepEqual(addressesOf(await found(store, '::/0')).sort(), [...addresses].sort());
  for (const address of addresses) assert.equal((await entryOf(store, address)).pcount, 2);
});
