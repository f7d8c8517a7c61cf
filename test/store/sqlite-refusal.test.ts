import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { batchOf, found, listed, NOW, tarpitRecord, WHITEEXP } from '../contract/store-subject.js';
import { makeGreydDatabase, temporary, withDatabase } from './sqlite-subject.js';

/** What is in a folder, and the hash of it; but for the indexes of logs, which every reader writes to. */
function snapshot(folder: string): Record<string, string> {
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  const names = readdirSync(folder);
  return Object.fromEntries(names.map(name => [name, name.endsWith('-shm') ? 'an index' : hash(name)]));
}

/** Makes a file, and makes sure that no way of opening it as a store succeeds or changes anything in its folder. */
function assertRefused(make: (path: string) => void, code: string, reason: RegExp): void {
  const { path, folder, remove } = temporary();
  try {
    make(path);
    const before = snapshot(folder);
    for (const options of [{}, { canCreate: true }, { isReadOnly: true }, { busyTimeoutMs: 0 }]) {
      const refused = (error: Error & { code?: string }): boolean => {
        assert.equal(error.name, 'StoreError');
        assert.equal(error.code, code);
        assert.match(error.message, reason);
        assert.match(error.message, new RegExp(`^Cannot (open|use) store "${path}": [^\\n]+$`));
        return true;
      };
      assert.throws(() => new SqliteStore(path, options), refused);
      assert.deepEqual(snapshot(folder), before);
    }
  } finally {
    remove();
  }
}

const NO_DATABASE = /it is not an SQLite database$/;
const NOT_OURS = /it is not a greyd or spamlogd database \(no table "entries"\)$/;

test('a text is refused untouched', () => {
  assertRefused(
    path => writeFileSync(path, 'Whitelist of our mail server\n'.repeat(500)),
    'not-ours',
    NO_DATABASE,
  );
  assertRefused(path => writeFileSync(path, 'x\n'), 'not-ours', NO_DATABASE);
});

test('random bytes are refused untouched, whatever their number', () => {
  for (const size of [2, 99, 100, 512, 4096, 100_000]) {
    assertRefused(path => writeFileSync(path, randomBytes(size)), 'not-ours', NO_DATABASE);
  }
});

test("somebody else's database is refused untouched", () => {
  const make = (path: string): void => {
    withDatabase(path, db => db.exec('CREATE TABLE songs(title); INSERT INTO songs VALUES (1)'));
  };
  assertRefused(make, 'not-ours', NOT_OURS);
});

test("somebody else's write-ahead logged database is refused untouched", () => {
  const make = (path: string): void => {
    withDatabase(path, db => {
      db.pragma('journal_mode = WAL');
      db.exec('CREATE TABLE songs(title); INSERT INTO songs VALUES (1)');
    });
  };
  assertRefused(make, 'not-ours', NOT_OURS);
});

test("what somebody else's program left in its log stays there", () => {
  const script = `
    const db = new (require('better-sqlite3'))(process.argv[1]);
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE songs(title); INSERT INTO songs VALUES (1)');
    process.kill(process.pid, 'SIGKILL');`;
  const make = (path: string): void => {
    const { signal } = spawnSync(process.execPath, ['-e', script, path], { cwd: import.meta.dirname });
    assert.equal(signal, 'SIGKILL');
  };
  assertRefused(make, 'not-ours', NOT_OURS);
});

test('a table of entries with other columns is refused untouched', () => {
  const make = (path: string): void => {
    withDatabase(path, db =>
      db.exec('CREATE TABLE entries(ip, helo, "from", "to", first, pass, bcount, pcount)'),
    );
  };
  assertRefused(make, 'not-ours', /no column "expire" in table "entries"/);
});

test('a database of a later program is refused untouched', () => {
  const make = (path: string): void => {
    makeGreydDatabase(path);
    withDatabase(path, db =>
      db.exec('CREATE TABLE sightings_version(version); INSERT INTO sightings_version VALUES (2)'),
    );
  };
  assertRefused(make, 'newer', /its schema version is 2, this program knows 1; use a later spamlogd$/);
});

test("a table of sightings that is somebody else's is refused untouched", () => {
  for (const [table, reason] of [
    ['sightings(species, place)', /\(no column "ip" in table "sightings"\)$/],
    ['sightings_version(name)', /\(no column "version" in table "sightings_version"\)$/],
  ] as const) {
    const make = (path: string): void => {
      makeGreydDatabase(path);
      withDatabase(path, db => db.exec(`CREATE TABLE ${table}`));
    };
    assertRefused(make, 'not-ours', reason);
  }
});

test('a folder, and what is no file, are refused', () => {
  const { path, folder, remove } = temporary();
  try {
    mkdirSync(path);
    const fifo = join(folder, 'fifo');
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
    for (const options of [{}, { canCreate: true }, { isReadOnly: true }]) {
      const refused = (name: string, what: string, code = 'not-ours'): object => ({
        name: 'StoreError',
        code,
        message: `Cannot open store "${name}": it is ${what}`,
      });
      assert.throws(() => new SqliteStore(path, options), refused(path, 'a folder', 'missing'));
      assert.throws(() => new SqliteStore(fifo, options), refused(fifo, 'not a file'));
      assert.throws(() => new SqliteStore('/dev/null', options), refused('/dev/null', 'not a file'));
    }
  } finally {
    remove();
  }
});

test('a file that is not there is refused unless it may be made', () => {
  const { path, folder, remove } = temporary();
  try {
    const missing = { code: 'missing', message: `Cannot open store "${path}": no such file` };
    assert.throws(() => new SqliteStore(path), missing);
    assert.throws(() => new SqliteStore(path, { isReadOnly: true }), missing);
    assert.throws(() => new SqliteStore(path, { isReadOnly: true, canCreate: true }), missing);
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => new SqliteStore(join(folder, 'file', 'x')), { code: 'missing' });
    assert.deepEqual(readdirSync(folder), ['file']);
  } finally {
    remove();
  }
});

test('a file that is empty holds nothing that could be read', () => {
  const { path, remove } = temporary();
  try {
    writeFileSync(path, '');
    assert.throws(() => new SqliteStore(path, { isReadOnly: true }), { code: 'not-ours' });
  } finally {
    remove();
  }
});

/** Overwrites pages of a database, from one to before another. */
function damage(path: string, from: number, to: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, randomBytes((to - from) * 4096), 0, (to - from) * 4096, from * 4096);
  closeSync(file);
}

test('a database with damaged pages tells so, and what it did not reach stays', async () => {
  const { path, remove } = temporary();
  try {
    const addresses = Array.from({ length: 20_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    makeGreydDatabase(
      path,
      addresses.map(address => tarpitRecord(address)),
    );
    await new SqliteStore(path).close();
    const pages = withDatabase(path, db => db.pragma('page_count', { simple: true }) as number);
    damage(path, pages >> 2, pages >> 1);
    const store = new SqliteStore(path);
    const damaged = (verb: string): object => ({
      name: 'StoreError',
      code: 'corrupt',
      message: `Cannot ${verb} store "${path}": it is damaged`,
    });
    await assert.rejects(found(store, '::/0'), damaged('read'));
    await assert.rejects(listed(store), damaged('read'));
    await assert.rejects(listed(store, { sort: 'expire' }), damaged('read'));
    await assert.rejects(store.expireWhite(NOW + 2 * WHITEEXP), damaged('read'));
    const all = batchOf(addresses.map(address => ({ address, time: NOW })));
    await assert.rejects(store.applyBatch(all, WHITEEXP), damaged('write to'));
    const [first] = await found(store, addresses[0]!);
    assert.deepEqual(first, tarpitRecord(addresses[0]!));
    await store.close();
  } finally {
    remove();
  }
});

test('a database whose schema is damaged is refused when it is opened', () => {
  const { path, remove } = temporary();
  try {
    makeGreydDatabase(path, [tarpitRecord('192.0.2.1')]);
    const file = openSync(path, 'r+');
    writeSync(file, randomBytes(3900), 0, 3900, 110);
    closeSync(file);
    for (const options of [{}, { isReadOnly: true }]) {
      const damaged = { code: 'corrupt', message: `Cannot open store "${path}": it is damaged` };
      assert.throws(() => new SqliteStore(path, options), damaged);
    }
  } finally {
    remove();
  }
});

test('a database that is cut short is refused or tells so', async () => {
  const { path, remove } = temporary();
  try {
    makeGreydDatabase(
      path,
      Array.from({ length: 5000 }, (_, i) => tarpitRecord(`10.0.${i >> 8}.${i & 255}`)),
    );
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
    const read = async (): Promise<void> => {
      const store = new SqliteStore(path, { isReadOnly: true });
      try {
        await listed(store);
      } finally {
        await store.close();
      }
    };
    await assert.rejects(read(), { name: 'StoreError', code: 'corrupt' });
  } finally {
    remove();
  }
});
