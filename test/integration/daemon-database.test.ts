import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { isRoot } from '../../src/system/privileges.js';
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

const records = (list: readonly string[]): Buffer => Buffer.concat(list.map(address => synRecord(address)));

async function startOnFifo(folder: Folder, ...args: string[]) {
  makeFifo(folder.at('log'));
  const daemon = folder.start('-l', './log', ...args);
  await daemon.logged(/^capturing on /i);
  const writer = await openFifo(folder.at('log'));
  // Whoever destroys the writer at once has written this all the same.
  await new Promise(resolve => writer.write(STREAM_HEADER, resolve));
  return { daemon, writer };
}

/** A database as greyd has it: rollback journal. */
function makeRollback(folder: Folder): void {
  const db = new Database(folder.database);
  db.pragma('journal_mode = DELETE');
  db.exec(GREYD_TABLES);
  db.close();
  if (UNPRIVILEGED.uid !== undefined) chownSync(folder.database, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
}

async function end(daemon: RunningDaemon): Promise<void> {
  daemon.signal('SIGTERM');
  assert.equal(await daemon.ended(), 0);
}

test('while greyd holds its lock for 6 s the status answers, and then everything is written', async () => {
  await inFolder(async folder => {
    makeRollback(folder);
    const { daemon, writer } = await startOnFifo(folder);
    const greyd = new Database(folder.database);
    assert.equal(greyd.pragma('journal_mode', { simple: true }), 'delete');
    greyd.exec('BEGIN EXCLUSIVE');
    const locked = performance.now();
    writer.write(records(addresses(1000)));
    await until(() => folder.status().sightings === 1000);
    writer.write(records(addresses(1000)));
    await until(() => folder.status().sightings === 2000);
    await setTimeout(Math.max(0, 6000 - (performance.now() - locked)));
    assert.equal(folder.status().database.writtenSightings, 0);
    greyd.exec('COMMIT');
    greyd.close();
    await until(() => folder.status().database.writtenSightings === 2000);
    assert.deepEqual(
      folder.rows().map(({ pcount }) => pcount),
      Array(1000).fill(1),
    );
    writer.destroy();
    await end(daemon);
  });
});

test('a lock that outlasts the patience is said once, and waited out', async () => {
  await inFolder(async folder => {
    makeRollback(folder);
    const { daemon, writer } = await startOnFifo(folder, '--busy-timeout', '1');
    const greyd = new Database(folder.database);
    greyd.exec('BEGIN EXCLUSIVE');
    writer.write(records(['192.0.2.1']));
    assert.match(await daemon.logged(/sightings wait until it works$/), /locked/);
    assert.match(folder.status().database.error!, /locked/);
    writer.write(records(['192.0.2.2', '192.0.2.1']));
    await setTimeout(3000);
    greyd.exec('COMMIT');
    greyd.close();
    await daemon.logged(/works again$/);
    await until(() => folder.rows().length === 2);
    assert.equal(folder.status().database.error, null);
    assert.equal(daemon.lines.filter(({ msg }) => /sightings wait/.test(msg)).length, 1);
    writer.destroy();
    await end(daemon);
    assert.deepEqual(
      folder.rows().map(({ ip, pcount }) => [ip, pcount]),
      [
        ['192.0.2.1', 1],
        ['192.0.2.2', 0],
      ],
    );
  });
});

test('a database that comes back after a stranger was in its place is written to again', async () => {
  await inFolder(async folder => {
    const { daemon, writer } = await startOnFifo(folder);
    writer.write(records(['192.0.2.1']));
    await until(() => folder.rows().length === 1);
    renameSync(folder.database, folder.at('away'));
    writeFileSync(folder.database, 'This is no database, whatever its name.\n'.repeat(100));
    await daemon.logged(/sightings wait until it works$/);
    assert.deepEqual(
      folder.rows(folder.at('away')).map(({ ip }) => ip),
      ['192.0.2.1'],
    );
    renameSync(folder.at('away'), folder.database);
    writer.write(records(['192.0.2.2']));
    await until(() => folder.rows().length === 2);
    writer.destroy();
    await end(daemon);
  });
});

test('what is seen right before the end goes to a database that was put in place just then', async () => {
  await inFolder(async folder => {
    const { daemon, writer } = await startOnFifo(folder, '--flush-interval', '60');
    writer.write(records(['192.0.2.1']));
    await until(() => folder.rows().length === 1);
    writer.write(records(['192.0.2.1']));
    await until(() => folder.status().sightings === 2);
    const other = folder.at('other');
    const db = new Database(folder.database);
    db.exec(`VACUUM INTO '${other}'`);
    db.close();
    if (UNPRIVILEGED.uid !== undefined) chownSync(other, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    renameSync(other, folder.database);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    writer.destroy();
    assert.deepEqual(
      folder.rows().map(({ ip, pcount }) => [ip, pcount]),
      [['192.0.2.1', 1]],
    );
  });
});

test('a database that another is put in place of: no sighting is lost, and the new one is used', async () => {
  await inFolder(async folder => {
    const { daemon, writer } = await startOnFifo(folder);
    writer.write(records(['192.0.2.1']));
    await until(() => folder.rows().length === 1);
    mkdirSync(folder.at('w'));
    new Database(folder.at('w/db')).exec('CREATE TABLE scratch(x); DROP TABLE scratch').close();
    if (UNPRIVILEGED.uid !== undefined) chownSync(folder.at('w/db'), UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    renameSync(folder.at('w/db'), folder.database);
    writer.write(records(['192.0.2.1', '192.0.2.2']));
    await daemon.logged(/was replaced: using the new one$/);
    await until(() => folder.rows().length === 2);
    writer.destroy();
    await end(daemon);
  });
});

test('a failure of the database that was put in its place is told, and so is another one of it', async () => {
  await inFolder(async folder => {
    const refuse = (path: string, why: string): void => {
      const trigger = `CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, '${why}'); END`;
      new Database(path).exec(`BEGIN; DROP TRIGGER IF EXISTS refuse; ${trigger}; COMMIT`).close();
    };
    const { daemon, writer } = await startOnFifo(folder);
    mkdirSync(folder.at('w'));
    const other = folder.at('w/db');
    const db = new Database(folder.database);
    db.exec(`VACUUM INTO '${other}'`);
    db.close();
    if (UNPRIVILEGED.uid !== undefined) chownSync(other, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    refuse(folder.database, 'a');
    refuse(other, 'a');
    writer.write(records(['192.0.2.1']));
    await daemon.logged(/: a; sightings wait until it works$/);
    let told = daemon.lines.length;
    renameSync(other, folder.database);
    await daemon.logged(/was replaced: using the new one$/, told);
    await daemon.logged(/: a; sightings wait until it works$/, told);
    assert.match(folder.status().database.error!, /: a$/);
    told = daemon.lines.length;
    refuse(folder.database, 'b');
    await daemon.logged(/: b; sightings wait until it works$/, told);
    assert.match(folder.status().database.error!, /: b$/);
    // It is tried again meanwhile, and nothing said.
    await setTimeout(5000);
    new Database(folder.database).exec('DROP TRIGGER refuse').close();
    await daemon.logged(/works again$/, told);
    await until(() => folder.rows().length === 1);
    const failures = daemon.lines.flatMap(({ msg }) => msg.match(/: ([ab]); sightings wait/)?.[1] ?? []);
    assert.deepEqual(failures, ['a', 'a', 'b']);
    writer.destroy();
    await end(daemon);
  });
});

test('a backup put in the place of a busy database stays whole', async () => {
  await inFolder(async folder => {
    const { daemon, writer } = await startOnFifo(folder);
    writer.write(records(addresses(3000)));
    await until(() => folder.rows().length === 3000);
    const backup = folder.at('backup');
    const db = new Database(folder.database);
    db.exec(`VACUUM INTO '${backup}'`);
    db.close();
    if (UNPRIVILEGED.uid !== undefined) chownSync(backup, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    writer.write(records(addresses(500, 5000)));
    await until(() => folder.rows().length === 3500);
    // The file is looked at every two seconds.
    await setTimeout(2500);
    renameSync(backup, folder.database);
    await daemon.logged(/was replaced: using the new one$/);
    writer.write(records(['192.0.2.1']));
    await until(() => folder.rows().length === 3001);
    writer.destroy();
    await end(daemon);
    const after = new Database(folder.database, { readonly: true });
    assert.equal(after.pragma('integrity_check', { simple: true }), 'ok');
    after.close();
  });
});

test('a backup put in the place of a database right after it was opened stays whole, again and again', async () => {
  await inFolder(async folder => {
    // Written to as little as here, and so with all that is in it in its log.
    const { daemon, writer } = await startOnFifo(folder);
    for (const [i, address] of ['192.0.2.1', '192.0.2.2', '192.0.2.3'].entries()) {
      const told = daemon.lines.length;
      const backup = folder.at('backup');
      const db = new Database(backup);
      db.exec(
        `${GREYD_TABLES} INSERT INTO entries VALUES ('${address}', '', '', '', 1, 1, 4000000000, 1, 0)`,
      );
      db.close();
      if (UNPRIVILEGED.uid !== undefined) chownSync(backup, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
      writer.write(records(addresses(20, 20 * i)));
      await until(
        () => daemon.lines.filter(({ msg }) => /^whitelisting 10\./.test(msg)).length === 20 * (i + 1),
      );
      renameSync(backup, folder.database);
      await daemon.logged(/was replaced: using the new one$/, told);
      assert.deepEqual(
        folder.rows().map(({ ip }) => ip),
        [address],
      );
    }
    writer.destroy();
    await end(daemon);
  });
});

test('a backup put in the place of a database that a symbolic link leads to stays whole', async () => {
  await inFolder(async folder => {
    mkdirSync(folder.at('disk'));
    if (UNPRIVILEGED.uid !== undefined) chownSync(folder.at('disk'), UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    symlinkSync('disk/real', folder.database);
    const { daemon, writer } = await startOnFifo(folder);
    writer.write(records(addresses(20)));
    await until(() => folder.rows().length === 20);
    const backup = folder.at('disk/backup');
    const db = new Database(backup);
    db.exec(`${GREYD_TABLES} INSERT INTO entries VALUES ('192.0.2.1', '', '', '', 1, 1, 4000000000, 1, 0)`);
    db.close();
    if (UNPRIVILEGED.uid !== undefined) chownSync(backup, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    renameSync(backup, folder.at('disk/real'));
    await daemon.logged(/was replaced: using the new one$/);
    assert.deepEqual(
      folder.rows().map(({ ip }) => ip),
      ['192.0.2.1'],
    );
    writer.destroy();
    await end(daemon);
  });
});

test('a full disk is said once, and what waits is written when there is room', {
  skip: !isRoot() && 'mounting a small file system needs root',
}, async () => {
  await inFolder(async folder => {
    const disk = folder.at('disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k,mode=777', 'tmpfs', disk]);
    assert.equal(mounted.status, 0, String(mounted.stderr));
    try {
      writeFileSync(`${disk}/ballast`, Buffer.alloc(200 * 1024));
      const { daemon, writer } = await startOnFifo(folder, '--database', './disk/db', '--log-level', 'info');
      writer.write(records(addresses(5000)));
      assert.match(await daemon.logged(/sightings wait until it works$/), /full/);
      spawnSync('mount', ['-o', 'remount,size=64m', disk]);
      await daemon.logged(/works again$/);
      await until(() => folder.rows(`${disk}/db`).length === 5000);
      writer.destroy();
      await end(daemon);
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });
});

test('what the database does not take until the end is counted in the last line', async () => {
  await inFolder(async folder => {
    makeRollback(folder);
    const { daemon, writer } = await startOnFifo(folder, '--busy-timeout', '1');
    const greyd = new Database(folder.database);
    greyd.exec('BEGIN EXCLUSIVE');
    writer.write(records(['192.0.2.1', '192.0.2.2', '192.0.2.1']));
    await daemon.logged(/sightings wait until it works$/);
    writer.write(records(['192.0.2.1', '192.0.2.3']));
    await until(() => folder.status().sightings === 5);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 1);
    const errors = daemon.lines.filter(({ level }) => level >= 50).map(({ msg }) => msg);
    assert.equal(errors.length, 2, errors.join('\n'));
    assert.match(errors[1]!, /locked by another program; 5 sightings of 3 addresses are lost$/);
    greyd.close();
    writer.destroy();
  });
});

test('keys that are no addresses are told of at the start, with --no-expire too', async () => {
  await inFolder(async folder => {
    makeRollback(folder);
    const db = new Database(folder.database);
    const later = Math.floor(Date.now() / 1000) + 9999;
    db.exec(`INSERT INTO entries VALUES ('hYv', '', '', '', 1, 1, ${later}, 0, 0)`);
    db.close();
    const { daemon, writer } = await startOnFifo(folder, '--no-expire');
    await daemon.logged(/^database holds "hYv", which is not an address: left alone$/);
    writer.destroy();
    await end(daemon);
    assert.equal(folder.rows().length, 1);
  });
});

test('the status tells how many are white now, whoever made or removed them', async () => {
  await inFolder(async folder => {
    const { daemon, writer } = await startOnFifo(folder);
    const isWhite = (count: number): Promise<void> =>
      until(() => folder.status().database.white === count, 10);
    assert.equal(folder.status().database.white, 0);
    writer.write(records(['192.0.2.1']));
    await isWhite(1);
    for (const [command, count] of [
      ['add', 2],
      ['delete', 1],
    ] as const) {
      assert.equal(folder.run(command, '--database', folder.database, '192.0.2.2').status, 0);
      await isWhite(count);
    }
    const socket = ['--control-socket', folder.at('control')];
    await until(
      () => /^spamlogd_database_white 1$/m.test(folder.run('status', '--metrics', ...socket).stdout),
      10,
    );
    writer.destroy();
    await end(daemon);
  });
});
