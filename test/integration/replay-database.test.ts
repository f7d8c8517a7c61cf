import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { CORRESPONDENT, pcap, pflogCapture, pflogRecord, START } from '../support/captures.js';
import { CLI, missing, noUnprivileged, outcomeOf, run, runOther, start } from '../support/cli.js';
import { entries, entry, makeGreydDatabase, select, sightings } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

interface Given {
  readonly folder: string;
  readonly database: string;
  readonly capture: string;
}

function given(t: TestContext): Given {
  const folder = temporaryFolder(t);
  const capture = join(folder, 'pflog');
  writeFileSync(capture, pflogCapture({}, { src: '203.0.113.9', time: START + 5 }));
  return { folder, database: join(folder, 'spamd.sqlite'), capture };
}

test('a dry run makes no file, and tells what would be added', async t => {
  const { folder, database, capture } = given(t);
  const { status, stdout } = await run(['replay', '-n', '--database', database, capture]);
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(folder), ['pflog']);
  assert.match(stdout, /^Dry run: nothing was written$/m);
  assert.match(stdout, /^addresses +2 {2}would be 2 added, 0 refreshed$/m);
});

test('a file without bytes is a database to be made: a dry run says so, and a replay makes it as any other', async t => {
  const { folder, database, capture } = given(t);
  writeFileSync(database, '');
  const added = async (...args: string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await run([...args, '--json', '--database', database]);
    assert.deepEqual([status, stderr], [0, ''], `${args}`);
    return (JSON.parse(stdout) as { added: number }).added;
  };
  const text = join(folder, 'text');
  writeFileSync(text, 'WHITE|192.0.2.1|||1|1|9999999999|1|0\n');
  assert.equal(await added('import', '-n', text), 1);
  assert.equal(await added('replay', '-n', capture), 2);
  assert.deepEqual([readFileSync(database).length, readdirSync(folder).length], [0, 3]);
  assert.equal(await added('replay', capture), 2);
  assert.deepEqual(select(database, 'PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
});

test('a dry run leaves a database as it is, and tells what would be refreshed', async t => {
  const { database, capture } = given(t);
  makeGreydDatabase(database, [
    entry(CORRESPONDENT),
    entry('203.0.113.9', { pcount: -1, pass: 0, expire: START + 3600 }),
  ]);
  const before = readFileSync(database);
  const { stdout } = await run(['replay', '-n', '--json', '--database', database, capture]);
  const { addresses, added, refreshed, trapped, dryRun } = JSON.parse(stdout);
  assert.deepEqual([addresses, added, refreshed, trapped, dryRun], [2, 0, 1, 1, true]);
  assert.deepEqual(readFileSync(database), before);
});

test('a dry run finds in a database of ours what a replay has put there', async t => {
  const { database, capture } = given(t);
  await run(['replay', '--database', database, capture]);
  const before = readFileSync(database);
  const { stdout } = await run(['replay', '-n', '--json', '--database', database, capture]);
  const { added, refreshed } = JSON.parse(stdout);
  assert.deepEqual([added, refreshed], [0, 2]);
  assert.deepEqual(readFileSync(database), before);
});

test('a database of greyd’s gets our table, and keeps its own rows and its journal', async t => {
  const { database, capture } = given(t);
  const tuple = entry('192.0.2.1', { helo: 'mx', from: '<a@example.com>', to: '<b@example.org>', pcount: 0 });
  makeGreydDatabase(database, [entry(CORRESPONDENT, { pcount: 5 }), tuple]);
  const { status } = await run(['replay', '--database', `sqlite:${database}`, capture]);
  assert.equal(status, 0);
  assert.deepEqual(
    entries(database).map(row => [row.ip, row.to, row.pcount]),
    [
      ['192.0.2.1', '<b@example.org>', 0],
      [CORRESPONDENT, '', 6],
      ['203.0.113.9', '', 0],
    ],
  );
  assert.deepEqual(
    sightings(database).map(row => row.ip),
    [CORRESPONDENT, '203.0.113.9'],
  );
  assert.deepEqual(select(database, 'PRAGMA journal_mode'), [{ journal_mode: 'delete' }]);
});

test('a database that others have locked is waited for', async t => {
  const { database, capture } = given(t);
  makeGreydDatabase(database, []);
  const greyd = new Database(database);
  greyd.exec('BEGIN IMMEDIATE');
  const replay = start(['replay', '--database', database, capture]);
  const done = outcomeOf(replay);
  setTimeout(() => greyd.exec('COMMIT'), 300);
  const { status, stderr } = await done;
  greyd.close();
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(entries(database).length, 2);
});

test('a database that stays locked ends the wait with status 75, and keeps what it held', async t => {
  const { database, capture } = given(t);
  await run(['replay', '--database', database, capture]);
  const before = entries(database);
  const greyd = new Database(database);
  greyd.exec('BEGIN IMMEDIATE');
  const { status, stderr } = await run(['replay', '--busy-timeout=1', '--database', database, capture]);
  greyd.exec('ROLLBACK');
  greyd.close();
  assert.equal(status, 75);
  assert.equal(stderr, `spamlogd: Cannot write to store "${database}": it is locked by another program\n`);
  assert.deepEqual(entries(database), before);
});

test('what is not a database, or not one of these, is refused untouched', async t => {
  const { folder, capture } = given(t);
  const letter = join(folder, 'letter');
  writeFileSync(letter, 'Dear postmaster,\nthis is no database.\n');
  const other = join(folder, 'other.sqlite');
  const db = new Database(other);
  db.exec('CREATE TABLE mail(id INTEGER)');
  db.close();
  const refused: [string, string][] = [
    [letter, `Cannot open store "${letter}": it is not an SQLite database`],
    [other, `Cannot use store "${other}": it is not a greyd or spamlogd database (no table "entries")`],
  ];
  for (const [path, message] of refused) {
    const before = readFileSync(path);
    for (const args of [
      ['replay', capture],
      ['replay', '-n', capture],
      ['query', '192.0.2.1'],
      ['list'],
      ['add', '192.0.2.1'],
    ]) {
      const { status, stdout, stderr } = await run([...args, '--database', path]);
      assert.deepEqual([status, stdout, stderr], [65, '', `spamlogd: ${message}\n`], args.join(' '));
    }
    assert.deepEqual(readFileSync(path), before);
  }
});

test('a database of a later program is refused by its version', async t => {
  const { database, capture } = given(t);
  await run(['replay', '--database', database, capture]);
  const db = new Database(database);
  db.exec('UPDATE sightings_version SET version = 2');
  db.close();
  const { status, stderr } = await run(['replay', '--database', database, capture]);
  assert.equal(status, 65);
  assert.match(stderr, /its schema version is 2, this program knows 1; use a later spamlogd\n$/);
});

test('a folder that is not there is not made up', async t => {
  const { folder, capture } = given(t);
  const database = join(folder, 'a/b/c.sqlite');
  const { status, stderr } = await run(['replay', '--database', database, capture]);
  const reason = `the folder "${join(folder, 'a')}" is not there`;
  assert.deepEqual([status, stderr], [73, `spamlogd: Cannot create store "${database}": ${reason}\n`]);
  assert.deepEqual(readdirSync(folder), ['pflog']);
  const { status: one } = await run(['replay', '--database', join(folder, 'a/c.sqlite'), capture]);
  assert.equal(one, 0, 'one folder is made');
});

test('a database without permission to write is refused', { skip: await noUnprivileged() }, async t => {
  const { folder, database, capture } = given(t);
  makeGreydDatabase(database, [entry(CORRESPONDENT)]);
  chmodSync(database, 0o444);
  const nobody = { isUnprivileged: true, folder };
  const { status, stderr } = await run(['replay', '--database', database, capture], nobody);
  assert.equal(status, 77);
  assert.match(stderr, /^spamlogd: Cannot \w+ store ".*": .*cannot be written to\n$/);
  const reading = [
    ['query', CORRESPONDENT],
    ['replay', '-n', capture],
  ];
  for (const args of reading) {
    assert.equal((await run([...args, '--database', database], nobody)).status, 0, args[0]!);
  }
});

/** Runs a script where it may mount file systems of its own. */
function inNamespace(script: string): ReturnType<typeof runOther> {
  return runOther('unshare', ['-rm', 'sh', '-ec', script]);
}

const noMounts =
  missing('unshare') ||
  ((await inNamespace('mount -t tmpfs none /mnt')).status === 0 ? false : 'nothing can be mounted here');

test('a full file system ends a replay with status 74', { skip: noMounts }, async t => {
  const { folder, capture } = given(t);
  writeFileSync(
    capture,
    pcap(Array.from({ length: 5000 }, (_, i) => pflogRecord({ src: `198.51.${i >> 8}.${i & 255}` }))),
  );
  mkdirSync(join(folder, 'small'));
  const { status, stderr } = await inNamespace(
    `cd ${folder}; mount -t tmpfs -o size=200k none small
     ${process.execPath} ${CLI} --config /dev/null replay --database small/spamd.sqlite pflog`,
  );
  assert.equal(status, 74, stderr);
  assert.match(stderr, /^spamlogd: Cannot \w+( to)? store "small\/spamd\.sqlite": the disk is full$/m);
});

test('a database that cannot be written to its end ends a replay with status 74', async t => {
  const { folder, capture } = given(t);
  const database = join(folder, 'db.sqlite');
  const within = ['sh', '-c', 'ulimit -f 4; exec "$@"', 'sh'];
  const { status, stderr } = await run(['replay', '--database', database, capture], { within });
  assert.match(stderr, /^spamlogd: Cannot \w+ store ".*db\.sqlite": disk I\/O error\n$/);
  assert.equal(status, 74);
});

test('a read-only file system ends a replay with status 77, and lets query read', {
  skip: noMounts,
}, async t => {
  const { folder, database } = given(t);
  makeGreydDatabase(database, [entry(CORRESPONDENT)]);
  const { status, stdout, stderr } = await inNamespace(
    `cd ${folder}; mkdir ro; mount -t tmpfs none ro; cp spamd.sqlite ro; mount -o remount,ro ro
     ${process.execPath} ${CLI} --config /dev/null query --json --database ro/spamd.sqlite ${CORRESPONDENT}
     ${process.execPath} ${CLI} --config /dev/null replay --database ro/spamd.sqlite pflog`,
  );
  assert.equal(status, 77, stderr);
  assert.equal(JSON.parse(stdout).address, CORRESPONDENT);
  assert.match(stderr, /^spamlogd: Cannot \w+ store "ro\/spamd\.sqlite": .+\n$/);
});
