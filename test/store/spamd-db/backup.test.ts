import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { backupSpamdDb } from '../../../src/store/spamd-db/backup.js';
import { openLocked, unlock } from '../../../src/store/spamd-db/locked-file.js';
import { StoreError } from '../../../src/store/store.js';
import { flock } from './flock.js';
import { databaseOf, entry, temporaryFolder } from './helpers.js';

test('a backup has every byte, and takes no more room than the database', async t => {
  const folder = await temporaryFolder(t);
  const [path, to] = [join(folder, 'spamd'), join(folder, 'copy')];
  const { bytes } = databaseOf([['192.0.2.1', entry()]], 32_768);
  await writeFile(path, bytes);
  await backupSpamdDb(path, to, { lock: flock });
  assert.deepEqual(await readFile(to), Buffer.from(bytes));
  const { mode, blocks } = await stat(to);
  assert.equal(mode & 0o777, 0o600);
  assert.ok(blocks * 512 < bytes.length, 'holes are holes');
});

test('a backup waits for the lock, and never overwrites', async t => {
  const folder = await temporaryFolder(t);
  const [path, to] = [join(folder, 'spamd'), join(folder, 'copy')];
  await writeFile(path, '');
  const locked = await openLocked(path, true, { lock: flock });
  const isCode = (code: StoreError['code']) => (error: unknown) =>
    error instanceof StoreError && error.code === code;
  await assert.rejects(backupSpamdDb(path, to, { lock: flock, timeoutMs: 5 }), isCode('busy'));
  await unlock(locked);
  await backupSpamdDb(path, to, { lock: flock });
  assert.equal((await stat(to)).size, 0);
  await assert.rejects(backupSpamdDb(path, to, { lock: flock }), (error: StoreError) => {
    assert.equal(error.message, `Cannot make backup "${to}": it is there already`);
    return true;
  });
});
