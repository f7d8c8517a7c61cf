import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CORRESPONDENT, pflogCapture } from '../support/captures.js';
import { run } from '../support/cli.js';
import { entries, entry, makeGreydDatabase, sightings } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

const DAY = 86_400;

/** Seconds since the epoch before and after something was done. */
async function during(work: Promise<unknown>): Promise<(time: number) => boolean> {
  const before = Math.floor(Date.now() / 1000);
  await work;
  const after = Math.floor(Date.now() / 1000);
  return time => before <= time && time <= after;
}

test('add makes addresses white, and the database when there is none', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const addresses = ['192.0.2.1', '2001:DB8:0::1', '::ffff:192.0.2.2'];
  const isNow = await during(run(['add', '--database', database, ...addresses]));
  const rows = entries(database);
  assert.deepEqual(
    rows.map(row => [row.ip, row.bcount, row.pcount, row.expire - row.pass]),
    [
      ['192.0.2.1', 1, 0, 36 * DAY],
      ['192.0.2.2', 1, 0, 36 * DAY],
      ['2001:db8::1', 1, 0, 36 * DAY],
    ],
  );
  for (const { first, pass } of rows) assert.deepEqual([isNow(first), isNow(pass)], [true, true]);
});

test('add renews what is there: white from now on, once more passed, -W hours to live', async t => {
  const database = join(temporaryFolder(t), 'greyd.sqlite');
  const later = Math.floor(Date.now() / 1000) + DAY;
  makeGreydDatabase(database, [
    entry('192.0.2.1', { expire: later, pcount: 5 }),
    entry('192.0.2.2', { expire: later, pcount: -1, pass: 0 }),
  ]);
  const { status, stdout, stderr } = await run([
    'add',
    '-W1',
    '--database',
    database,
    '192.0.2.1',
    '192.0.2.2',
  ]);
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  assert.deepEqual(
    entries(database).map(row => [row.pcount, row.expire - row.pass, row.first]),
    [
      [6, 3600, 1_699_913_600],
      [0, 3600, 1_699_913_600],
    ],
  );
});

test('trap -W traps addresses for so many hours, whatever the configuration says of white ones', async t => {
  const folder = temporaryFolder(t);
  const database = join(folder, 'spamd.sqlite');
  const config = join(folder, 'spamlogd.toml');
  writeFileSync(config, 'whiteexp = 100\n');
  const trap = ['trap', '--config', config, '--database', database];
  const isNow = await during(run([...trap, '-W', '48', '192.0.2.1']));
  assert.equal((await run([...trap, '192.0.2.2'])).status, 0);
  const [longer, usual] = entries(database);
  assert.deepEqual([longer!.pcount, isNow(longer!.expire - 48 * 3600)], [-1, true]);
  assert.ok(Math.abs(usual!.expire - usual!.first - DAY) <= 1);
});

test('trap traps addresses for a day', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const isNow = await during(run(['trap', '--database', database, '192.0.2.1']));
  const [row] = entries(database);
  assert.deepEqual([row!.ip, row!.pcount, row!.pass], ['192.0.2.1', -1, 0]);
  assert.equal(isNow(row!.expire - DAY), true);
  const { stdout } = await run(['list', '--format=spamdb', '--database', database]);
  assert.equal(stdout, `TRAPPED|192.0.2.1|${row!.expire}\n`);
});

test('delete removes addresses with what we know of them, and never a greylisted tuple', async t => {
  const database = join(temporaryFolder(t), 'greyd.sqlite');
  makeGreydDatabase(database, [entry(CORRESPONDENT, { helo: 'mx', from: '<a@b>', to: '<c@d>' })]);
  await run(['replay', '--database', database, '-'], { input: pflogCapture({}, { src: '192.0.2.1' }) });
  assert.equal(sightings(database).length, 2);
  const { status, stdout, stderr } = await run(['delete', '--database', database, CORRESPONDENT]);
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  assert.deepEqual(
    entries(database).map(row => [row.ip, row.helo]),
    [
      ['192.0.2.1', ''],
      [CORRESPONDENT, 'mx'],
    ],
  );
  assert.deepEqual(
    sightings(database).map(row => row.ip),
    ['192.0.2.1'],
  );
});

test('delete says what was not there, deletes the rest, and exits with status 1', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  await run(['add', '--database', database, '192.0.2.1']);
  const { status, stderr } = await run(['delete', '--database', database, '192.0.2.9', '192.0.2.1']);
  assert.deepEqual([status, stderr], [1, 'spamlogd: no entry for 192.0.2.9\n']);
  assert.deepEqual(entries(database), []);
});

test('delete makes no database', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const { status } = await run(['delete', '--database', database, '192.0.2.9']);
  assert.deepEqual([status, existsSync(database)], [66, false]);
});

test('one word that is no address stops all: nothing is changed', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  for (const word of ['192.0.2.0/24', 'mail.example.com', '192.0.2', '']) {
    for (const command of ['add', 'delete', 'trap']) {
      const { status, stderr } = await run([command, '--database', database, '192.0.2.1', word]);
      assert.deepEqual([status, stderr], [64, `spamlogd: "${word}" is not an address\n`], command);
    }
  }
  assert.equal(existsSync(database), false);
});

test('the database is named by an option, else by the environment', async t => {
  const folder = temporaryFolder(t);
  const environment = { SPAMLOGD_DATABASE: `sqlite:${join(folder, 'environment.sqlite')}` };
  await run(['add', '192.0.2.1'], { environment });
  await run(['add', '--database', join(folder, 'option.sqlite'), '192.0.2.2'], { environment });
  assert.equal(entries(join(folder, 'environment.sqlite'))[0]!.ip, '192.0.2.1');
  assert.equal(entries(join(folder, 'option.sqlite'))[0]!.ip, '192.0.2.2');
});
