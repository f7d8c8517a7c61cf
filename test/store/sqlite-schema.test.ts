import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import {
  addressesOf,
  found,
  listed,
  NOW,
  recordOf,
  seenOnce,
  tarpitRecord,
  WHITEEXP,
} from '../contract/store-subject.js';
import { makeGreydDatabase, temporary, withDatabase } from './sqlite-subject.js';

const HOST = '192.0.2.1';
const GREYD_TABLES = ['domains', 'entries', 'spamtraps'];

/** Runs something in a folder of its own. */
async function inFolder(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const { path, folder, remove } = temporary();
  try {
    await body(path, folder);
  } finally {
    remove();
  }
}

/** Opens a store, closes it, and tells the journal mode that the file is left in. */
async function journalModeAfterUse(path: string): Promise<unknown> {
  const store = new SqliteStore(path, { canCreate: true });
  await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
  await store.close();
  return withDatabase(path, db => db.pragma('journal_mode', { simple: true }));
}

/** What SQLite knows of a table: its columns, and the columns of its indexes. */
function shapeOf(db: Database, table: string): unknown {
  const indexes = db.pragma(`index_list(${table})`) as { name: string; unique: number; origin: string }[];
  return {
    columns: db.pragma(`table_xinfo(${table})`),
    indexes: indexes.map(({ name, unique, origin }) => ({
      unique,
      origin,
      columns: (db.pragma(`index_info(${name})`) as { name: string }[]).map(column => column.name),
    })),
  };
}

test("a database that we make has greyd's tables exactly, and ours beside them", async () => {
  await inFolder(async (path, folder) => {
    await new SqliteStore(path, { canCreate: true }).close();
    const greyd = join(folder, 'greyd.sqlite');
    makeGreydDatabase(greyd);
    withDatabase(path, ours => {
      withDatabase(greyd, theirs => {
        for (const table of GREYD_TABLES)
          assert.deepEqual(shapeOf(ours, table), shapeOf(theirs, table), table);
      });
      const tables = ours
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .pluck();
      assert.deepEqual(tables.all(), [...GREYD_TABLES, 'sightings', 'sightings_version'].sort());
      assert.deepEqual(ours.prepare('SELECT * FROM sightings_version').all(), [{ version: 1 }]);
    });
  });
});

test('a white entry has empty texts and whole numbers, as greyd writes them', async () => {
  await inFolder(async path => {
    const store = new SqliteStore(path, { canCreate: true });
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    await store.add('192.0.2.2', NOW, WHITEEXP);
    await store.trap('192.0.2.3', NOW, 86_400);
    await store.close();
    withDatabase(path, db => {
      const rows = db.prepare('SELECT * FROM entries ORDER BY ip').raw().all();
      assert.deepEqual(rows, [
        [HOST, '', '', '', NOW, NOW, NOW + WHITEEXP, 1, 0],
        ['192.0.2.2', '', '', '', NOW, NOW, NOW + WHITEEXP, 1, 0],
        ['192.0.2.3', '', '', '', NOW, 0, NOW + 86_400, 1, -1],
      ]);
      const types = db.prepare(
        `SELECT DISTINCT typeof(ip), typeof(helo), typeof("from"), typeof("to"), typeof(first), typeof(pass),
           typeof(expire), typeof(bcount), typeof(pcount) FROM entries`,
      );
      assert.deepEqual(types.raw().all(), [[...Array(4).fill('text'), ...Array(5).fill('integer')]]);
    });
  });
});

test('a file that we make is write-ahead logged, and one that is empty becomes so', async () => {
  await inFolder(async path => {
    assert.equal(await journalModeAfterUse(path), 'wal');
    const empty = `${path}.empty`;
    writeFileSync(empty, '');
    assert.equal(await journalModeAfterUse(empty), 'wal');
  });
});

test('the journal mode of a file that greyd made is left as it is', async () => {
  await inFolder(async path => {
    makeGreydDatabase(path);
    assert.equal(await journalModeAfterUse(path), 'delete');
    withDatabase(path, db => db.pragma('journal_mode = WAL'));
    assert.equal(await journalModeAfterUse(path), 'wal');
  });
});

test('nothing is left beside a database that was closed, whether written or only read', async () => {
  await inFolder(async (path, folder) => {
    await journalModeAfterUse(path);
    const reader = new SqliteStore(path, { isReadOnly: true });
    assert.deepEqual(addressesOf(await found(reader, '::/0')), [HOST]);
    await reader.close();
    assert.deepEqual(readdirSync(folder), ['spamd.sqlite']);
  });
});

test('a store that was opened to be read refuses to write', async () => {
  await inFolder(async path => {
    await journalModeAfterUse(path);
    const store = new SqliteStore(path, { isReadOnly: true });
    const refused = {
      name: 'StoreError',
      code: 'read-only',
      message: /^Cannot write to store ".*": it was opened/,
    };
    await assert.rejects(store.add('192.0.2.2', NOW, WHITEEXP), refused);
    await assert.rejects(store.trap('192.0.2.2', NOW, WHITEEXP), refused);
    await assert.rejects(store.delete(HOST), refused);
    await assert.rejects(store.applyBatch(seenOnce(HOST, NOW), WHITEEXP), refused);
    await assert.rejects(store.expireWhite(NOW + 2 * WHITEEXP), refused);
    assert.equal((await recordOf(store, HOST)).entry.pcount, 0);
    await store.close();
  });
});

test('the oldest greyd made no tables of spamtraps and domains', async () => {
  await inFolder(async path => {
    makeGreydDatabase(path, [tarpitRecord(HOST)]);
    withDatabase(path, db => db.exec('DROP TABLE spamtraps; DROP TABLE domains'));
    for (const options of [{ isReadOnly: true }, {}]) {
      const store = new SqliteStore(path, options);
      assert.deepEqual(await listed(store), [tarpitRecord(HOST)]);
      assert.deepEqual(await listed(store, { status: new Set(['SPAMTRAP']) }), []);
      await store.close();
    }
  });
});

test('only the last folder of a path is made', async () => {
  await inFolder(async (_, folder) => {
    const path = join(folder, 'spamlogd', 'spamd.sqlite');
    await new SqliteStore(path, { canCreate: true }).close();
    assert.equal(statSync(join(folder, 'spamlogd')).mode & 0o777, 0o755);
    const deep = join(folder, 'a', 'b', 'spamd.sqlite');
    const reason = `the folder "${join(folder, 'a')}" is not there`;
    const refused = { code: 'no-folder', message: `Cannot create store "${deep}": ${reason}` };
    assert.throws(() => new SqliteStore(deep, { canCreate: true }), refused);
    assert.equal(existsSync(join(folder, 'a')), false);
  });
});

test('a name that means something to SQLite is a name like any other', async () => {
  await inFolder(async (_, folder) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const name of [':memory:', 'file:spamd?mode=memory', '%41 b#?.sqlite']) {
        const store = new SqliteStore(name, { canCreate: true });
        await store.add(HOST, NOW, WHITEEXP);
        await store.close();
        const again = new SqliteStore(name, { isReadOnly: true });
        assert.deepEqual(addressesOf(await found(again, '::/0')), [HOST]);
        await again.close();
        assert.ok(existsSync(join(folder, name)), name);
      }
      assert.throws(() => new SqliteStore('', { canCreate: true }), { name: 'StoreError' });
    } finally {
      process.chdir(before);
    }
  });
});

test('several programs may make the same database at once', async () => {
  await inFolder(async path => {
    const script = fileURLToPath(new URL('./children/open-store.js', import.meta.url));
    const options = JSON.stringify({ canCreate: true });
    const children = [1, 2, 3, 4].map(async i => {
      const child = spawn(process.execPath, [script, path, options, '', `192.0.2.${i}`]);
      const chunks: Buffer[] = [];
      child.stdout.on('data', chunk => chunks.push(chunk));
      child.stderr.on('data', chunk => chunks.push(chunk));
      await once(child, 'close');
      return Buffer.concat(chunks).toString();
    });
    for (const [i, output] of (await Promise.all(children)).entries()) {
      assert.match(output, new RegExp(`"192\\.0\\.2\\.${i + 1}"`));
    }
    const store = new SqliteStore(path, { isReadOnly: true });
    assert.equal((await found(store, '192.0.2.0/24')).length, 4);
    await store.close();
    assert.equal(
      withDatabase(path, db => db.prepare('SELECT count(*) FROM sightings_version').pluck().get()),
      1,
    );
  });
});

test('what is asked of a store that is closed is refused', async () => {
  const { path, remove } = temporary();
  try {
    const store = new SqliteStore(path, { canCreate: true });
    await store.close();
    const closed = {
      name: 'StoreError',
      code: 'failed',
      message: /^Cannot (read|write to) store ".*": .*not open/,
    };
    await assert.rejects(store.applyBatch(seenOnce('192.0.2.1', NOW), WHITEEXP), closed);
    await assert.rejects(store.add('192.0.2.1', NOW, WHITEEXP), closed);
    await assert.rejects(found(store, '::/0'), closed);
    await assert.rejects(listed(store), closed);
    await assert.rejects(store.expireWhite(NOW), closed);
  } finally {
    remove();
  }
});
