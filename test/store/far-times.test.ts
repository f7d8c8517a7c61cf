import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSpamdDb } from '../../src/store/spamd-db/spamd-db-store.js';
import { formatSpamdb, parseSpamdb } from '../../src/store/spamdb-text.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { entryStatus } from '../../src/whitelist/entry.js';
import { found, listed, NOW, seenOnce, WHITEEXP } from '../contract/store-subject.js';
import { flock } from './spamd-db/flock.js';
import { makeGreydDatabase, temporary, withDatabase } from './sqlite-subject.js';

const HOST = '192.0.2.1';
/** What somebody puts into a database by hand for an entry that is to last for ever, beyond what a double can hold. */
const FAR = ['9223372036854775807', '9007199254740993'];

/** A database of greyd's with an entry that ends at a time, which may be no double. */
function makeFar(path: string, expire: string): void {
  makeGreydDatabase(path);
  withDatabase(path, db =>
    db.exec(`INSERT INTO entries VALUES ('${HOST}', '', '', '', 1, 1, ${expire}, 1, 3)`),
  );
}

for (const expire of FAR) {
  test(`an entry that ends at ${expire} is counted, and nothing else of it is changed`, async () => {
    const { path, remove } = temporary();
    try {
      makeFar(path, expire);
      const store = new SqliteStore(path);
      const { outcomes } = await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
      await store.close();
      assert.deepEqual([...outcomes], [1]);
      const row = withDatabase(path, db =>
        db.prepare('SELECT first, pass, expire, bcount, pcount FROM entries').safeIntegers().raw().get(),
      );
      assert.deepEqual(row, [1n, 1n, BigInt(expire), 1n, 4n]);
    } finally {
      remove();
    }
  });

  test(`an entry that ends at ${expire} stays white when it is moved, by text, too`, async () => {
    const { folder, path, remove } = temporary();
    try {
      makeFar(path, expire);
      const source = new SqliteStore(path, { isReadOnly: true });
      const records = await listed(source);
      await source.close();
      const parsed = records.map(record => parseSpamdb(formatSpamdb(record).slice(0, -1)));
      for (const [name, from] of [
        ['records', records],
        ['text', parsed.map(one => ('record' in one ? one.record : assert.fail(one.problem)))],
      ] as const) {
        const sqlite = new SqliteStore(join(folder, name), { canCreate: true });
        const spamd = await openSpamdDb({ path: join(folder, `${name}.spamd`), lock: flock, create: true });
        for (const store of [sqlite, spamd]) {
          assert.deepEqual(await store.put(from, NOW, false), ['added'], name);
          const [record] = await found(store, HOST);
          assert.equal(entryStatus(record!.entry, 4_000_000_000), 'WHITE', name);
          await store.close();
        }
        const type = withDatabase(join(folder, name), db =>
          db.prepare('SELECT typeof(expire) FROM entries').pluck().get(),
        );
        assert.equal(type, 'integer');
      }
    } finally {
      remove();
    }
  });
}
