import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { isRoot } from '../../src/system/privileges.js';
import { ROOT } from '../store/spamd-db/libdb1.js';
import { noDatagrams, receiveDatagrams } from '../system/unix-datagrams.js';
import {
  CLI,
  type Folder,
  inFolder,
  isAlive,
  makeFifo,
  type RunningDaemon,
  UNPRIVILEGED,
  until,
} from './running-daemon.js';

/** How a daemon is started in a folder, and why that cannot be tried here. */
const WAYS: readonly {
  name: string;
  skip: string | false;
  start: (folder: Folder, ...args: string[]) => RunningDaemon;
}[] = [
  { name: 'without privileges', skip: false, start: (folder, ...args) => folder.start(...args) },
  {
    name: 'as root',
    skip: isRoot() ? false : 'needs root',
    start: (folder, ...args) => folder.startAsRoot([], ...args),
  },
];

const ARGS = ['-l', './log', '--pid-file', 'pid', '--config', 'config'];

/** A folder whose database is locked, as greyd locks it; gives what unlocks it. */
function prepare(folder: Folder): () => void {
  makeFifo(folder.at('log'));
  writeFileSync(folder.at('config'), '');
  const db = new Database(folder.database);
  db.exec('PRAGMA journal_mode = DELETE; CREATE TABLE other (x); DROP TABLE other; BEGIN EXCLUSIVE');
  if (UNPRIVILEGED.uid !== undefined) chownSync(folder.database, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
  return () => db.close();
}

/** The process that waits for the database, which has claimed it by then, as the daemon has claimed its pid file. */
async function opener(folder: Folder): Promise<number> {
  await until(() => ['pid', 'db.lock'].every(name => existsSync(folder.at(name))));
  let pid = 0;
  await until(() => {
    pid = Number(readFileSync(folder.at('db.lock'), 'utf8'));
    return pid > 0;
  });
  return pid;
}

function assertNothingLeft(folder: Folder, ...pids: number[]): void {
  for (const name of ['pid', 'db.lock', 'control']) assert.ok(!existsSync(folder.at(name)), name);
  for (const pid of pids) assert.ok(!isAlive(pid), `process ${pid}`);
}

for (const { name, skip, start } of WAYS) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${name}: ${signal} while the database is waited for ends the daemon, and leaves nothing`, {
      skip,
    }, async () => {
      await inFolder(async folder => {
        const unlock = prepare(folder);
        const daemon = start(folder, ...ARGS, '--busy-timeout', '3600');
        const pid = await opener(folder);
        daemon.signal(signal);
        assert.equal(await daemon.ended(), 0);
        assertNothingLeft(folder, pid);
        unlock();
        assert.deepEqual(daemon.other, []);
        assert.deepEqual(
          daemon.lines.filter(({ level }) => level >= 40),
          [],
        );
      });
    });
  }

  test(`${name}: SIGHUP and SIGUSR1 while the database is waited for are acted on when it is there`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      const unlock = prepare(folder);
      const daemon = start(folder, ...ARGS);
      await opener(folder);
      for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGHUP'] as const) daemon.signal(signal);
      unlock();
      await daemon.logged(/^capturing on /i);
      await daemon.logged(/^configuration read again$/);
      await daemon.logged(/^status: /);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assert.equal(daemon.lines.filter(({ msg }) => msg === 'configuration read again').length, 1);
    });
  });
}

test('SIGHUP during a start that fails does not have the service manager take it for one that succeeded', {
  skip: noDatagrams,
}, async t => {
  await inFolder(async folder => {
    const manager = await receiveDatagrams(folder.at('notify'));
    t.after(() => manager.close());
    chmodSync(folder.at('notify'), 0o666);
    const unlock = prepare(folder);
    const args = ['-l', 'nflog:4711', '--pid-file', 'pid', '--config', 'config'];
    const daemon = folder.startWith(`NOTIFY_SOCKET=${folder.at('notify')}`, ...args);
    await opener(folder);
    daemon.signal('SIGHUP');
    unlock();
    await daemon.logged(/^configuration read again$/);
    const told: string[] = [];
    while (told.at(-1) !== 'STOPPING=1') told.push(await manager.next());
    assert.deepEqual(
      told.filter(text => /^(READY|RELOADING)=/.test(text)),
      [],
    );
    assert.match(told[0]!, /^STATUS=Cannot capture on /);
    assert.equal(await daemon.ended(), 1);
  });
});

test('SIGTERM while the database of spamd is waited for ends the daemon, and leaves nothing', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    writeFileSync(folder.at('config'), '');
    writeFileSync(
      folder.database,
      gunzipSync(readFileSync(new URL('fixtures/spamd-db/samples-16384.db.gz', ROOT))),
    );
    if (UNPRIVILEGED.uid !== undefined) chownSync(folder.database, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    const holder = spawn('flock', [folder.database, '-c', 'echo locked && exec sleep 300'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    try {
      await once(holder.stdout, 'data');
      const daemon = folder.start(
        ...ARGS,
        '--database',
        `spamd:${folder.database}`,
        '--busy-timeout',
        '3600',
      );
      await until(() => existsSync(folder.at('spamlogd/db.lock')));
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assertNothingLeft(folder);
      assert.ok(!existsSync(folder.at('spamlogd/db.lock')));
    } finally {
      process.kill(-holder.pid!, 'SIGKILL');
    }
  });
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`in the background: ${signal} to whoever waits for the start-up ends the daemon, and leaves nothing`, async () => {
    await inFolder(async folder => {
      const unlock = prepare(folder);
      const args = [CLI, ...ARGS, ...folder.options, '--busy-timeout', '3600'];
      const starter = spawn(process.execPath, args, { cwd: folder.path, stdio: 'ignore', ...UNPRIVILEGED });
      const pid = await opener(folder);
      assert.notEqual(pid, starter.pid);
      starter.kill(signal);
      const [status] = await once(starter, 'exit');
      assertNothingLeft(folder, pid);
      assert.equal(status, signal === 'SIGINT' ? 130 : 143);
      unlock();
    });
  });
}
