import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { STREAM_HEADER, synRecord } from './pflog-stream.js';
import { inFolder, makeFifo, openFifo, UNPRIVILEGED, until } from './running-daemon.js';

/** So many that have ended do not fit into the memory below; each is kept there with its name. */
const ENDED = 400_000;
const HEAP_MIB = 24;

const TABLES = `
  CREATE TABLE entries(ip VARCHAR(46), helo VARCHAR(1024), "from" VARCHAR(1024), "to" VARCHAR(1024),
    first UNSIGNED BIGINT, pass UNSIGNED BIGINT, expire UNSIGNED BIGINT, bcount INTEGER, pcount INTEGER,
    PRIMARY KEY(ip, helo, "from", "to"));
  CREATE TABLE spamtraps(address VARCHAR(1024), PRIMARY KEY(address));
  CREATE TABLE domains(domain VARCHAR(1024), PRIMARY KEY(domain));
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ENDED})
  INSERT INTO entries SELECT printf('2001:db8:%x:%x:1:1:1:1', 1 + i % 65535, 1 + i / 65535),
    '', '', '', 1, 1, 1000, 1, 0 FROM n;`;

test('a daemon whose database thread has died goes on with another one', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    new Database(folder.database).exec(TABLES).close();
    if (UNPRIVILEGED.uid !== undefined) chownSync(folder.database, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    const heap = `NODE_OPTIONS=--max-old-space-size=${HEAP_MIB}`;
    const daemon = folder.startWith(heap, '-l', './log');
    await daemon.logged(/^The thread of store ".*" has died: .*memory/);
    const writer = await openFifo(folder.at('log'));
    writer.write(Buffer.concat([STREAM_HEADER, synRecord('192.0.2.1')]));
    await daemon.logged(/^whitelisting 192\.0\.2\.1$/);
    await until(() => folder.status().database.error === null);
    writer.destroy();
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});
