// A database that another program has locked since before the daemon's start.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { isRoot } from '../../src/system/privileges.js';
import { PfctlDouble } from '../doubles/pfctl-double.js';
import { ROOT } from '../store/spamd-db/libdb1.js';
import { GREYD_TABLES } from '../support/database.js';
import { addresses, STREAM_HEADER, synRecord } from './pflog-stream.js';
import {
  type Folder,
  inFolder,
  makeFifo,
  openFifo,
  type RunningDaemon,
  UNPRIVILEGED,
  until,
} from './running-daemon.js';

const NOBODY = 65_534;
/** A database in a rollback journal, as greyd has it; locked, until the transaction that this gives is committed. */
function lockDatabase(folder: Folder, tables: string = GREYD_TABLES): Database.Database {
  const db = new Database(folder.database);
  db.pragma('journal_mode = DELETE');
  db.exec(tables);
  if (isRoot()) chownSync(folder.database, NOBODY, NOBODY);
  db.exec('BEGIN EXCLUSIVE');
  return db;
}

function unlock(db: Database.Database): void {
  db.exec('COMMIT');
  db.close();
}

/** Starts a daemon on a named pipe, as one process or as three. */
type Start = (folder: Folder, ...args: string[]) => RunningDaemon;

const ROLES: readonly (readonly [how: string, skip: false | string, start: Start])[] = [
  ['in one process', false, (folder, ...args) => folder.start('-l', './log', ...args)],
  [
    'in three processes',
    !isRoot() && 'needs root',
    (folder, ...args) => folder.startAsRoot([], '-l', './log', ...args),
  ],
];

async function writeSightings(folder: Folder, list: readonly string[]) {
  const writer = await openFifo(folder.at('log'));
  writer.write(Buffer.concat([STREAM_HEADER, ...list.map(address => synRecord(address))]));
  return writer;
}

for (const [how, skip, start] of ROLES) {
  test(`${how}: it captures, and writes what it saw when the lock is gone`, { skip }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const greyd = lockDatabase(folder);
      const daemon = start(folder, '--busy-timeout', '1');
      await daemon.logged(/^capturing on /i);
      const writer = await writeSightings(folder, [...addresses(1000), ...addresses(1000)]);
      await until(() => folder.status().sightings === 2000);
      // For longer than its patience, several times over.
      await setTimeout(4000);
      const { database } = folder.status();
      assert.match(database.error!, /locked/);
      assert.ok(database.waiting >= 1000, String(database.waiting));
      assert.equal(database.writtenSightings, 0);
      unlock(greyd);
      await daemon.logged(/works again$/);
      await until(() => folder.status().database.writtenSightings === 2000);
      assert.equal(folder.status().database.error, null);
      assert.deepEqual(
        folder.rows().map(({ pcount }) => pcount),
        Array(1000).fill(1),
      );
      const told = daemon.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
      assert.equal(told.length, 1, told.join('\n'));
      assert.match(told[0]!, /^Cannot open store ".*": it is locked by another program; sightings wait/);
      writer.destroy();
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });

  test(`${how}: what turns out to be no database of ours ends it`, { skip }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const other = lockDatabase(folder, 'CREATE TABLE scratch(x)');
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      unlock(other);
      assert.match(await daemon.logged(/greyd or spamlogd/), /^Cannot use store ".*": it is not a greyd/);
      assert.equal(await daemon.ended(), 1);
    });
  });

  test(`${how}: it ends while the database is locked, and tells that by its status`, { skip }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const greyd = lockDatabase(folder);
      const daemon = start(folder, '--busy-timeout', '1');
      await daemon.logged(/^capturing on /i);
      const writer = await writeSightings(folder, ['192.0.2.1']);
      await until(() => folder.status().database.waiting === 1);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 1);
      await daemon.logged(/; 1 sighting of 1 address is lost$/);
      unlock(greyd);
      assert.deepEqual(folder.rows(), []);
      writer.destroy();
    });
  });

  test(`${how}: a database that is free again when it is told to end gets what waits`, { skip }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const greyd = lockDatabase(folder);
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      const writer = await writeSightings(folder, ['192.0.2.1']);
      await until(() => folder.status().database.waiting === 1);
      daemon.signal('SIGTERM');
      unlock(greyd);
      assert.equal(await daemon.ended(), 0);
      assert.equal(folder.rows().length, 1);
      writer.destroy();
    });
  });

  test(`${how}: what is wrong with a database that is not locked is fatal at the start`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const newer = `${GREYD_TABLES}CREATE TABLE sightings_version(version); INSERT INTO sightings_version VALUES (99)`;
      for (const [tables, pattern] of [
        ['CREATE TABLE scratch(x)', /^spamlogd: Cannot use store ".*\/other-0": it is not a greyd/],
        [newer, /^spamlogd: Cannot use store ".*\/other-1": its schema version is 99/],
      ] as const) {
        const path = folder.at(`other-${tables === newer ? 1 : 0}`);
        new Database(path).exec(tables).close();
        if (isRoot()) chownSync(path, NOBODY, NOBODY);
        const daemon = start(folder, '--database', path);
        assert.notEqual(await daemon.ended(), 0);
        assert.equal(daemon.other.length, 1, daemon.other.join('\n'));
        assert.match(daemon.other[0]!, pattern);
      }
    });
  });
}

const PROGRAMS = '/usr/local/sbin';

test('tables are left alone until the database is open', { skip: !isRoot() && 'needs root' }, async t => {
  await inFolder(async folder => {
    const pf = new PfctlDouble({
      tables: { 'spamd-white': { flags: '-pa-r--', addresses: ['198.51.100.1', '198.51.100.2'] } },
    });
    t.after(() => pf.remove());
    const bin = folder.at('bin');
    mkdirSync(bin);
    pf.install(bin);
    const held = (): string[] => pf.state.tables['spamd-white']!.addresses.toSorted();
    makeFifo(folder.at('log'));
    const now = Math.floor(Date.now() / 1000);
    const row = `INSERT INTO entries VALUES ('198.51.100.1', '', '', '', ${now}, ${now}, ${now + 9999}, 1, 0)`;
    const greyd = lockDatabase(folder, `${GREYD_TABLES}${row}`);
    const mounted = ['unshare', '--mount', 'sh', '-c', `mount --bind "$0" ${PROGRAMS} && exec "$@"`, bin];
    const options = ['--table', 'pf:spamd-white', '--table-owner', '--reconcile-interval', '1'];
    const daemon = folder.startAsRoot(mounted, '-l', './log', '--busy-timeout', '1', ...options);
    await daemon.logged(/^capturing on /i);
    daemon.signal('SIGHUP');
    await daemon.logged(/^configuration read again$/);
    await setTimeout(3000);
    assert.deepEqual(held(), ['198.51.100.1', '198.51.100.2']);
    assert.equal(folder.status().tables[0]!.lastReconcile, null);
    unlock(greyd);
    await until(() => held().length === 1);
    assert.deepEqual(held(), ['198.51.100.1']);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});

test('a table gets what waited where the database opens only at the end', {
  skip: !isRoot() && 'needs root',
}, async t => {
  await inFolder(async folder => {
    const pf = new PfctlDouble({
      tables: { 'spamd-white': { flags: '-pa-r--', addresses: ['198.51.100.1'] } },
    });
    t.after(() => pf.remove());
    const bin = folder.at('bin');
    mkdirSync(bin);
    pf.install(bin);
    makeFifo(folder.at('log'));
    const greyd = lockDatabase(folder);
    const mounted = ['unshare', '--mount', 'sh', '-c', `mount --bind "$0" ${PROGRAMS} && exec "$@"`, bin];
    const daemon = folder.startAsRoot(mounted, '-l', './log', '--table', 'pf:spamd-white');
    await daemon.logged(/^capturing on /i);
    const writer = await writeSightings(folder, ['192.0.2.1']);
    await until(() => folder.status().database.waiting === 1);
    daemon.signal('SIGTERM');
    unlock(greyd);
    assert.equal(await daemon.ended(), 0);
    assert.deepEqual(pf.state.tables['spamd-white']!.addresses.toSorted(), ['192.0.2.1', '198.51.100.1']);
    writer.destroy();
  });
});

/** Holds spamd's lock on a file until it is killed. */
async function flock(t: TestContext, path: string) {
  const program = spawn('flock', [path, 'sh', '-c', 'echo held; exec sleep 600'], { detached: true });
  const ended = once(program, 'exit');
  const release = async (): Promise<void> => {
    if (program.exitCode === null && program.signalCode === null) process.kill(-program.pid!, 'SIGKILL');
    await ended;
  };
  t.after(release);
  await once(program.stdout, 'data');
  return release;
}

/** A database of spamd's in a folder, as its owner the daemon. */
function plantSpamd(folder: Folder): string {
  const path = folder.at('spamd');
  writeFileSync(path, gunzipSync(readFileSync(new URL('fixtures/spamd-db/samples-16384.db.gz', ROOT))));
  if (UNPRIVILEGED.uid !== undefined) chownSync(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
  return path;
}

test("spamd's lock on its database is waited out, too", {
  skip: spawnSync('flock', ['--version']).error && 'needs flock(1)',
}, async t => {
  await inFolder(async folder => {
    const path = plantSpamd(folder);
    makeFifo(folder.at('log'));
    const release = await flock(t, path);
    const daemon = folder.start('--database', `spamd:${path}`, '-l', './log', '--no-expire');
    await daemon.logged(/^capturing on /i);
    const writer = await writeSightings(folder, ['192.0.2.1']);
    await until(() => folder.status().database.waiting === 1);
    await release();
    await until(() => folder.status().database.writtenSightings === 1);
    writer.destroy();
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});

test("a lock on the sightings beside spamd's database is waited out, and they are kept", async () => {
  await inFolder(async folder => {
    const options = ['--database', `spamd:${plantSpamd(folder)}`, '-l', './log', '--no-expire'];
    const book = folder.at('book');
    options.push('--sightings-database', book);
    makeFifo(folder.at('log'));
    const first = folder.start(...options);
    await first.logged(/^capturing on /i);
    first.signal('SIGTERM');
    assert.equal(await first.ended(), 0);
    const other = new Database(book);
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('BEGIN EXCLUSIVE');
    const daemon = folder.start(...options, '--busy-timeout', '1');
    await daemon.logged(/book".* locked by another program; sightings wait until it works$/);
    await daemon.logged(/^capturing on /i);
    const writer = await writeSightings(folder, ['192.0.2.1']);
    await until(() => folder.status().database.waiting === 1);
    unlock(other);
    await until(() => folder.status().database.writtenSightings === 1);
    const rows = new Database(book, { readonly: true });
    await until(() => rows.prepare('SELECT ip FROM sightings').pluck().all().includes('192.0.2.1'));
    rows.close();
    writer.destroy();
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});

/** A peer of the daemon's: what to start it with, and whether the peer was told of 192.0.2.1. */
async function makePeer(t: TestContext, folder: Folder) {
  const peer = createSocket('udp4');
  t.after(() => peer.close());
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  let isTold = false;
  peer.on('message', message => {
    isTold ||= message.includes(Buffer.from([192, 0, 2, 1]));
  });
  const key = folder.at('key');
  writeFileSync(key, 'secret\n', { mode: 0o644 });
  const port = String(peer.address().port);
  return { options: ['-Y', '127.0.0.1', '--sync-port', port, '--sync-key', key], isTold: () => isTold };
}

for (const [how, skip, start] of ROLES) {
  test(`${how}: peers are told of what waited once the database is open`, { skip }, async t => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const greyd = lockDatabase(folder);
      const { options, isTold } = await makePeer(t, folder);
      const daemon = start(folder, ...options, '--busy-timeout', '1');
      await daemon.logged(/^capturing on /i);
      const writer = await writeSightings(folder, ['192.0.2.1']);
      await until(() => folder.status().database.waiting === 1);
      unlock(greyd);
      await until(isTold);
      writer.destroy();
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });

  test(`${how}: peers are told of what waited, too, where the database opens only at the end`, {
    skip,
  }, async t => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const greyd = lockDatabase(folder);
      const { options, isTold } = await makePeer(t, folder);
      const daemon = start(folder, ...options);
      await daemon.logged(/^capturing on /i);
      const writer = await writeSightings(folder, ['192.0.2.1']);
      await until(() => folder.status().database.waiting === 1);
      daemon.signal('SIGTERM');
      unlock(greyd);
      assert.equal(await daemon.ended(), 0);
      assert.equal(folder.rows().length, 1);
      await until(isTold, 5);
      const complaints = daemon.lines.slice(1).filter(({ level }) => level >= 40);
      assert.deepEqual(
        complaints.map(({ msg }) => msg).filter(msg => !/sightings wait/.test(msg)),
        [],
      );
      writer.destroy();
    });
  });

  test(`${how}: an end that comes while peers are about to be told waits for that`, { skip }, async t => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      // What has ended is deleted first, which takes a while.
      const count = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000)';
      const slow = `CREATE TRIGGER slow BEFORE DELETE ON entries BEGIN SELECT (${count} SELECT max(i) FROM n); END;`;
      const row = "INSERT INTO entries VALUES ('198.51.100.1', '', '', '', 1, 1, 2, 1, 0);";
      const greyd = lockDatabase(folder, GREYD_TABLES + slow + row);
      const { options, isTold } = await makePeer(t, folder);
      const daemon = start(folder, ...options);
      await daemon.logged(/^capturing on /i);
      const writer = await writeSightings(folder, ['192.0.2.1']);
      await until(() => folder.status().database.waiting === 1);
      unlock(greyd);
      await setTimeout(1000);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assert.deepEqual(
        folder.rows().map(({ ip }) => ip),
        ['192.0.2.1'],
      );
      await until(isTold, 5);
      writer.destroy();
    });
  });
}
