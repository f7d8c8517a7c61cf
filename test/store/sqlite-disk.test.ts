import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import type { Store } from '../../src/store/store.js';
import {
  addressesOf,
  batchOf,
  found,
  listed,
  NOW,
  tarpitRecord,
  WHITEEXP,
} from '../contract/store-subject.js';
import { makeGreydDatabase, temporary, withDatabase } from './sqlite-subject.js';

/** Mounts a file system in memory for as long as something runs in it; `remount` changes its options. */
async function withMount(
  options: string,
  body: (folder: string, remount: (options: string) => void) => void | Promise<void>,
): Promise<void> {
  const { folder, remove } = temporary();
  const mount = (what: string): void => {
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', what, 'spamlogd-test', folder]);
    assert.equal(status, 0, String(stderr).trim());
  };
  try {
    mount(options);
    try {
      await body(folder, what => mount(`remount,${what}`));
    } finally {
      spawnSync('umount', [folder]);
    }
  } finally {
    remove();
  }
}

/** Why no file system can be mounted here, or false. */
async function whyNoMount(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'needs root, to mount a file system';
  try {
    await withMount('size=64k', () => {});
    return false;
  } catch (error) {
    return `no file system can be mounted here: ${(error as Error).message}`;
  }
}

const skip = await whyNoMount();

/** Fills a file system but for so many bytes; gives the name of the file that fills it. */
function fill(folder: string, left: number): string {
  const { bavail, bsize } = statfsSync(folder);
  const file = join(folder, 'ballast');
  writeFileSync(file, Buffer.alloc(bavail * bsize - left));
  return file;
}

const MANY = batchOf(
  Array.from({ length: 10_000 }, (_, i) => ({ address: `10.0.${i >> 8}.${i & 255}`, time: NOW })),
);

/** A batch that does not fit leaves everything as it was, and is written when there is room. */
async function assertFullIsSurvived(store: Store, path: string, makeRoom: () => void): Promise<void> {
  const full = {
    name: 'StoreError',
    code: 'full',
    message: `Cannot write to store "${path}": the disk is full`,
  };
  await assert.rejects(store.applyBatch(MANY, WHITEEXP), full);
  await assert.rejects(store.applyBatch(MANY, WHITEEXP), full);
  assert.deepEqual(addressesOf(await found(store, '::/0')), ['192.0.2.1']);
  makeRoom();
  await store.applyBatch(MANY, WHITEEXP);
  assert.equal((await listed(store)).length, 10_001);
  await store.close();
  assert.equal(
    withDatabase(path, db => db.pragma('integrity_check', { simple: true })),
    'ok',
  );
}

test('a full disk loses nothing, in rollback mode', { skip }, async () => {
  await withMount('size=8m', async folder => {
    const path = join(folder, 'spamd.sqlite');
    makeGreydDatabase(path, [tarpitRecord('192.0.2.1')]);
    const store = new SqliteStore(path);
    const ballast = fill(folder, 200_000);
    await assertFullIsSurvived(store, path, () => rmSync(ballast));
  });
});

test('a full disk loses nothing, write-ahead logged', { skip }, async () => {
  await withMount('size=8m', async folder => {
    const path = join(folder, 'spamd.sqlite');
    const store = new SqliteStore(path, { canCreate: true });
    await store.add('192.0.2.1', NOW, WHITEEXP);
    const ballast = fill(folder, 200_000);
    await assertFullIsSurvived(store, path, () => rmSync(ballast));
  });
});

test('no database can be made where there is no room at all', { skip }, async () => {
  await withMount('size=256k', folder => {
    const path = join(folder, 'spamd.sqlite');
    for (const left of [0, 4096, 12_288]) {
      const ballast = fill(folder, left);
      const full = {
        name: 'StoreError',
        code: 'full',
        message: `Cannot create store "${path}": the disk is full`,
      };
      assert.throws(() => new SqliteStore(path, { canCreate: true }), full, `${left} bytes left`);
      rmSync(ballast);
      rmSync(path, { force: true });
    }
  });
});

test('a database on a file system that is only read is read, and refused to writers', { skip }, async () => {
  await withMount('size=1m', async (folder, remount) => {
    const path = join(folder, 'spamd.sqlite');
    makeGreydDatabase(path, [tarpitRecord('192.0.2.1')]);
    remount('ro');
    const reader = new SqliteStore(path, { isReadOnly: true });
    assert.deepEqual(addressesOf(await listed(reader, { sort: 'address' })), ['192.0.2.1']);
    await reader.close();
    const refused = { name: 'StoreError', code: 'read-only', message: /: it cannot be written to$/ };
    assert.throws(() => new SqliteStore(path), refused);
    const other = join(folder, 'deep', 'spamd.sqlite');
    assert.throws(() => new SqliteStore(other, { canCreate: true }), {
      name: 'StoreError',
      code: 'read-only',
    });
  });
});

test('a write-ahead logged database on a file system that is only read says what it lacks', {
  skip,
}, async () => {
  await withMount('size=1m', async (folder, remount) => {
    const path = join(folder, 'spamd.sqlite');
    await new SqliteStore(path, { canCreate: true }).close();
    remount('ro');
    const why =
      'it has a write-ahead log, and its file system is read-only: copy it to one that can be written to';
    const message = `Cannot open store "${path}": ${why}`;
    assert.throws(() => new SqliteStore(path, { isReadOnly: true }), { code: 'read-only', message });
  });
});
