import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type FileLock,
  openLocked,
  unlock,
  unlockAbandoned,
} from '../../../src/store/spamd-db/locked-file.js';
import { StoreError, type StoreErrorCode } from '../../../src/store/store.js';
import { flock } from './flock.js';
import { temporaryFolder } from './helpers.js';

/** Asserts that a promise is rejected with a {@link StoreError} of this code. */
async function rejects(promise: Promise<unknown>, code: StoreErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

const always: FileLock = () => true;

test('a lock keeps others out until its descriptor is closed', async t => {
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, 'x');
  const first = await openLocked(path, true, { lock: flock });
  await rejects(
    openLocked(path, false, { lock: flock, timeoutMs: 0 }),
    'busy',
    /another program has kept it locked/,
  );
  await unlock(first);
  const second = await openLocked(path, false, { lock: flock, timeoutMs: 0 });
  assert.equal(second.stats.size, 1);
  await unlock(second);
});

test('attempts come further and further apart, and end when the time is over', async t => {
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, '');
  const waits: number[] = [];
  const lock: FileLock = () => false;
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
  };
  await rejects(openLocked(path, true, { lock, wait, timeoutMs: 200 }), 'busy', /for 200 ms/);
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 50, 50, 50]);
});

test('a lock that is let go of in time is had', async t => {
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, '');
  let attempts = 0;
  const lock: FileLock = async () => ++attempts > 5;
  const file = await openLocked(path, true, { lock, wait: async () => {} });
  assert.equal(attempts, 6);
  await unlock(file);
});

test('a file that was removed while we waited is not the one that is locked', async t => {
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, 'old');
  let isFirst = true;
  const lock: FileLock = async () => {
    if (isFirst) {
      await unlink(path);
      await writeFile(path, 'newer');
    }
    isFirst = false;
    return true;
  };
  const file = await openLocked(path, true, { lock });
  assert.equal(file.stats.size, 5);
  await unlock(file);
});

test('what cannot be opened is told by its reason, and nothing is made', async t => {
  const folder = await temporaryFolder(t);
  await rejects(
    openLocked(join(folder, 'none'), true, { lock: always }),
    'missing',
    /"[^"]+none": no such file/,
  );
  await rejects(openLocked(folder, false, { lock: always }), 'missing', /a folder/);
  await symlink('none', join(folder, 'dangling'));
  await rejects(openLocked(join(folder, 'dangling'), true, { lock: always }), 'missing', /no such file/);
  await mkdir(join(folder, 'sub'));
  await rejects(openLocked(join(folder, 'sub'), true, { lock: always }), 'missing', /on a directory/);
});

test('a file that we may not write is told by its permission', async t => {
  if (process.getuid?.() === 0) return t.skip('root may write everything');
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, '');
  await chmod(path, 0o400);
  await rejects(openLocked(path, true, { lock: always }), 'permission', /EACCES/);
});

test('where open(2) cannot lock, a way to lock must be given', async t => {
  if (process.platform !== 'linux') return t.skip('open(2) knows O_EXLOCK here');
  await rejects(openLocked('/dev/null', false, {}), 'failed', /no O_EXLOCK, and flock\(2\) is missing/);
});

test('an error of the lock itself is not taken for a lock that another has', async t => {
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, '');
  const lock: FileLock = () => {
    throw Object.assign(new Error('ENOLCK: no locks available'), { code: 'ENOLCK' });
  };
  await rejects(openLocked(path, true, { lock }), 'failed', /ENOLCK/);
});

test('a descriptor that was closed and is in use for another file stays open', async t => {
  const path = join(await temporaryFolder(t), 'db');
  await writeFile(path, '');
  const file = await openLocked(path, true, { lock: always });
  closeSync(file.fd);
  const other = openSync('/dev/null', 'r');
  assert.equal(other, file.fd);
  await unlockAbandoned(file);
  closeSync(other);
  await unlockAbandoned(await openLocked(path, true, { lock: flock }));
  await unlock(await openLocked(path, true, { lock: flock, timeoutMs: 0 }));
});
