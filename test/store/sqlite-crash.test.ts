import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { entryOf, found, seenOnce, tarpitRecord, WHITEEXP } from '../contract/store-subject.js';
import { makeGreydDatabase, temporary, withDatabase } from './sqlite-subject.js';

const WRITER = fileURLToPath(new URL('./children/write-batches.js', import.meta.url));
/** Addresses of a batch: so many that the transaction does not fit into SQLite's cache, and is spilled while it runs. */
const BATCH = 50_000;

/** The modes, and the file beside the database that grows while a transaction runs. */
const MODES: Readonly<Record<string, { readonly pragma: string; readonly suffix: string }>> = {
  'in rollback mode': { pragma: 'journal_mode = DELETE', suffix: '-journal' },
  'write-ahead logged': { pragma: 'journal_mode = WAL', suffix: '-wal' },
};

/** Kills a writer while a file grows, after it has told of so many batches; gives how many it had told of. */
async function killInMidBatch(child: ChildProcess, growing: string, after: number): Promise<number> {
  let written = 0;
  createInterface(child.stdout!).on('line', line => {
    written = Number(line);
  });
  const closed = once(child, 'close');
  while (written < after) await new Promise(resolve => setImmediate(resolve));
  const sizeOf = (): number => statSync(growing, { throwIfNoEntry: false })?.size ?? 0;
  const before = sizeOf();
  while (sizeOf() <= before) await new Promise(resolve => setImmediate(resolve));
  child.kill('SIGKILL');
  assert.deepEqual(await closed, [null, 'SIGKILL']);
  return written;
}

for (const [mode, { pragma, suffix }] of Object.entries(MODES)) {
  test(`a program that is killed in the middle of a batch leaves whole batches, ${mode}`, async () => {
    const { path, remove } = temporary();
    try {
      makeGreydDatabase(path, [tarpitRecord('192.0.2.1')]);
      withDatabase(path, db => db.pragma(pragma));
      const child = spawn(process.execPath, [WRITER, path, String(BATCH)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const written = await killInMidBatch(child, path + suffix, 1);
      assert.ok(statSync(path + suffix).size > 0);

      const store = new SqliteStore(path);
      assert.deepEqual((await entryOf(store, '192.0.2.1')).pcount, 0);
      await store.applyBatch(seenOnce('192.0.2.1', 1_700_000_000), WHITEEXP);
      assert.equal((await entryOf(store, '192.0.2.1')).pcount, 1);
      await store.close();

      withDatabase(path, db => {
        assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
        for (const table of ['entries', 'sightings']) {
          const count = db.prepare<[string], number>(`SELECT count(*) FROM ${table} WHERE ip GLOB ?`).pluck();
          for (let number = 1; number <= written; number++) assert.equal(count.get(`10.${number}.*`), BATCH);
          // It may have been killed after the commit, and before it could tell.
          assert.ok([0, BATCH].includes(count.get(`10.${written + 1}.*`)!));
        }
      });
    } finally {
      remove();
    }
  });
}

test('what greyd left half done when it was killed is undone for a reader, too', async () => {
  const { path, remove } = temporary();
  try {
    makeGreydDatabase(path, [tarpitRecord('192.0.2.1'), tarpitRecord('192.0.2.2')]);
    const script = `
      const db = new (require('better-sqlite3'))(process.argv[1]);
      db.pragma('cache_size = 2');
      db.exec('BEGIN IMMEDIATE; DELETE FROM entries');
      const insert = db.prepare("INSERT INTO entries VALUES (?, '', '', '', 1, 1, 1, 1, 1)");
      for (let i = 0; i < 5000; i++) insert.run('10.0.0.' + i);
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['-e', script, path], {
      cwd: import.meta.dirname,
      stdio: 'inherit',
    });
    assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL']);
    assert.ok(statSync(`${path}-journal`).size > 0);
    const reader = new SqliteStore(path, { isReadOnly: true });
    assert.deepEqual(await found(reader, '::/0'), [tarpitRecord('192.0.2.1'), tarpitRecord('192.0.2.2')]);
    await reader.close();
  } finally {
    remove();
  }
});
