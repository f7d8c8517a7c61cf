import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type SqliteOptions, SqliteStore } from '../../src/store/sqlite-store.js';
import { tarpitRecord } from '../contract/store-subject.js';
import { makeGreydDatabase, temporary, withDatabase } from './sqlite-subject.js';

const CHILD = fileURLToPath(new URL('./children/open-store.js', import.meta.url));
const NOBODY = '65534';
const skip = process.getuid?.() === 0 ? false : 'needs root, to become another user';

/** What another user's program says after it opened a store, and added addresses. */
function asNobody(path: string, options: SqliteOptions, ...addresses: string[]): unknown {
  const child = spawnSync(process.execPath, [CHILD, path, JSON.stringify(options), NOBODY, ...addresses], {
    encoding: 'utf8',
  });
  assert.equal(child.stderr, '');
  return JSON.parse(child.stdout);
}

/** Makes a database with one entry in a folder that everybody may look into, and nobody else may change. */
async function withRootsDatabase(
  body: (path: string, folder: string) => void | Promise<void>,
): Promise<void> {
  const { folder, path, remove } = temporary();
  try {
    chmodSync(folder, 0o755);
    makeGreydDatabase(path, [tarpitRecord('192.0.2.1')]);
    chmodSync(path, 0o644);
    await body(path, folder);
  } finally {
    remove();
  }
}

const READ = { addresses: ['192.0.2.1'] };

test('a file that may be read is read, and refused to whoever wants to write', { skip }, async () => {
  await withRootsDatabase(path => {
    assert.deepEqual(asNobody(path, { isReadOnly: true }), READ);
    const refused = { code: 'read-only', message: `Cannot open store "${path}": it cannot be written to` };
    assert.deepEqual(asNobody(path, {}), refused);
    assert.deepEqual(asNobody(path, { canCreate: true }, '192.0.2.2'), refused);
  });
});

test('a file that may not be read is refused', { skip }, async () => {
  await withRootsDatabase(path => {
    chmodSync(path, 0o600);
    const refused = { code: 'permission', message: `Cannot open store "${path}": permission denied` };
    for (const options of [{}, { isReadOnly: true }]) assert.deepEqual(asNobody(path, options), refused);
  });
});

test('a folder that may not be looked into hides whether there is a file', { skip }, async () => {
  await withRootsDatabase((path, folder) => {
    chmodSync(folder, 0o700);
    const refused = { code: 'permission', message: `Cannot open store "${path}": permission denied` };
    for (const options of [{}, { isReadOnly: true }, { canCreate: true }]) {
      assert.deepEqual(asNobody(path, options), refused);
    }
  });
});

test('a folder that may not be written to takes neither a file, nor a folder, nor a journal', {
  skip,
}, async () => {
  await withRootsDatabase((path, folder) => {
    const file = join(folder, 'other.sqlite');
    const create = { code: 'permission', message: `Cannot create store "${file}": permission denied` };
    assert.deepEqual(asNobody(file, { canCreate: true }), create);
    const deep = join(folder, 'deep', 'spamd.sqlite');
    const folderToo = { code: 'permission', message: `Cannot create store "${deep}": permission denied` };
    assert.deepEqual(asNobody(deep, { canCreate: true }), folderToo);
    chmodSync(path, 0o666);
    const journal = {
      code: 'permission',
      message: `Cannot open store "${path}": its folder cannot be written to`,
    };
    assert.deepEqual(asNobody(path, {}), journal);
  });
});

test('a write-ahead log can be read by others while its writer is there, and not without', {
  skip,
}, async () => {
  await withRootsDatabase(path => {
    withDatabase(path, writer => {
      writer.pragma('journal_mode = WAL');
      writer.exec(`UPDATE entries SET pcount = 5`);
      assert.deepEqual(asNobody(path, { isReadOnly: true }), READ);
    });
    const refused = {
      code: 'permission',
      message: `Cannot open store "${path}": its folder cannot be written to`,
    };
    assert.deepEqual(asNobody(path, { isReadOnly: true }), refused);
  });
});

test("what root writes beside another's database is that other's", { skip }, async () => {
  await withRootsDatabase(async (path, folder) => {
    withDatabase(path, db => db.pragma('journal_mode = WAL'));
    for (const name of [folder, path]) chownSync(name, Number(NOBODY), Number(NOBODY));
    const store = new SqliteStore(path);
    await store.add('192.0.2.2', 1, 4_000_000_000);
    for (const name of readdirSync(folder))
      assert.equal(statSync(join(folder, name)).uid, Number(NOBODY), name);
    const all = { addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] };
    assert.deepEqual(asNobody(path, {}, '192.0.2.3'), all);
    await store.close();
  });
});
