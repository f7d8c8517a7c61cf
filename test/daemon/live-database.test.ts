import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LiveDatabase } from '../../src/daemon/live-database.js';
import { parseArgv } from '../../src/options/argv.js';
import { readSettings } from '../../src/options/settings.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { WorkerStore } from '../../src/store/worker-store.js';
import { makeEndedDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

const NOW = 1_800_000_000;

async function makeDatabase(path: string, address: string): Promise<void> {
  const store = new SqliteStore(path, { canCreate: true });
  await store.add(address, NOW, 3600);
  await store.close();
}

/** Nothing but what another thread does goes on meanwhile. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('a database that is replaced before it is known to be open is not taken for the one in its place', async t => {
  const folder = temporaryFolder(t);
  const [path, other] = [join(folder, 'db'), join(folder, 'other')];
  await makeDatabase(path, '192.0.2.1');
  await makeDatabase(other, '192.0.2.2');
  // What starts a thread is loaded from now on.
  await WorkerStore.start(join(folder, 'first'), { canCreate: true }).close();
  const settings = await readSettings(parseArgv(['--database', path, '--busy-timeout', '1']));
  const told: string[] = [];
  const opening = LiveDatabase.open(settings, {
    warn: line => told.push(line),
    onOpened: () => told.push('opened'),
    onUnusable: ({ message }) => told.push(message),
    onReplaced: () => told.push('replaced'),
    onRevived: () => told.push('revived'),
    onFailure: ({ message }) => told.push(message),
  });
  // The thread is there, and opens the one while nobody hears of it.
  await setTimeout(1);
  standStill(1500);
  renameSync(other, path);
  const database = await opening;
  t.after(() => database.close());
  await database.check();
  const store = database.storeInPlace();
  assert.notEqual(await store.get('192.0.2.2'), undefined);
  assert.equal(await store.get('192.0.2.1'), undefined);
  assert.deepEqual(told, ['replaced']);
});

test('a database whose thread has died, for want of memory, is opened anew', t => {
  const path = join(temporaryFolder(t), 'db');
  makeEndedDatabase(path, 400_000);
  const child = fileURLToPath(new URL('./children/die-of-memory.js', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ['--max-old-space-size=24', child, path], {
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  const { told, expired } = JSON.parse(stdout);
  assert.match(told[0], /^The thread of store ".*" has died: .*memory/);
  assert.match(told[1], /is being opened again$/);
  assert.deepEqual(told.slice(2), ['revived']);
  assert.equal(expired, 1000);
});
