import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CORRESPONDENT, nflogCapture, pflogCapture, START } from '../support/captures.js';
import { type Outcome, run } from '../support/cli.js';
import { entry, makeGreydDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

/** Three hours after the last sighting. */
const AT = `--at=@${START + 600 + 3 * 3600}`;

async function replayed(t: TestContext, capture: Buffer): Promise<string> {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const { status } = await run(['replay', '--database', database, '-'], { input: capture });
  assert.equal(status, 0);
  return database;
}

function query(database: string, ...args: string[]): Promise<Outcome> {
  return run(['query', '--database', database, ...args]);
}

const CAPTURE = pflogCapture(
  { time: START },
  { time: START + 600, direction: 'out', rulenr: 7, ruleset: 'mail/out', subrulenr: 3 },
  { time: START + 60, src: '2001:db8::1', dst: '2001:db8:1::25' },
  { time: START + 60, src: '198.51.100.200' },
);

test('query tells when an address was last seen, in which direction, by which rule, and until when', async t => {
  const database = await replayed(t, CAPTURE);
  const { status, stdout, stderr } = await query(database, AT, CORRESPONDENT);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(stdout.split('\n'), [
    '198.51.100.7  WHITE',
    '  last seen  2023-11-14 22:23:20  3 h ago, outbound',
    '  logged     on em0, by rule 7, rule 3 of anchor "mail/out"',
    '  seen       1 inbound, 1 outbound',
    '  first      2023-11-14 22:13:20  3 h ago',
    '  pass       2023-11-14 22:13:20  3 h ago',
    '  expire     2023-12-20 22:23:20  in 35 d',
    '  counts     blocked 1, passed 1',
    '',
  ]);
});

test('--json gives an object an entry, with the documented keys', async t => {
  const database = await replayed(t, CAPTURE);
  const { status, stdout } = await query(database, '--json', AT, CORRESPONDENT, '2001:DB8:0::1');
  assert.equal(status, 0);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
    [
      {
        address: CORRESPONDENT,
        status: 'WHITE',
        first: '2023-11-14T22:13:20Z',
        pass: '2023-11-14T22:13:20Z',
        expire: '2023-12-20T22:23:20Z',
        bcount: 1,
        pcount: 1,
        lastSeen: '2023-11-14T22:23:20Z',
        lastDirection: 'out',
        inbound: 1,
        outbound: 1,
        interface: 'em0',
        ruleset: 'mail/out',
        rulenr: 7,
        subrulenr: 3,
      },
      {
        address: '2001:db8::1',
        status: 'WHITE',
        first: '2023-11-14T22:14:20Z',
        pass: '2023-11-14T22:14:20Z',
        expire: '2023-12-20T22:14:20Z',
        bcount: 1,
        pcount: 0,
        lastSeen: '2023-11-14T22:14:20Z',
        lastDirection: 'in',
        inbound: 1,
        outbound: 0,
        interface: 'em0',
        ruleset: '',
        rulenr: 4,
      },
    ],
  );
});

test('a network gives all its addresses', async t => {
  const database = await replayed(t, CAPTURE);
  const of = async (network: string): Promise<string[]> => {
    const { stdout } = await query(database, '--json', network);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).address);
  };
  assert.deepEqual(await of('198.51.100.0/24'), ['198.51.100.200', CORRESPONDENT]);
  assert.deepEqual(await of('198.51.100.0/25'), [CORRESPONDENT]);
  assert.deepEqual(await of('2001:db8::/32'), ['2001:db8::1']);
  assert.deepEqual(await of(`::ffff:${CORRESPONDENT}`), [CORRESPONDENT]);
});

test('the status is 1 when nothing is known of any of them', async t => {
  const database = await replayed(t, CAPTURE);
  const none = await query(database, '192.0.2.1', '10.0.0.0/8');
  assert.deepEqual([none.status, none.stdout], [1, '192.0.2.1  not known\n10.0.0.0/8  not known\n']);
  const json = await query(database, '--json', '192.0.2.1');
  assert.deepEqual([json.status, json.stdout], [1, '']);
  const some = await query(database, '192.0.2.1', CORRESPONDENT);
  assert.equal(some.status, 0);
  assert.match(some.stdout, /^192\.0\.2\.1 {2}not known\n198\.51\.100\.7 {2}/);
});

test('an entry is expired from its last second on', async t => {
  const database = await replayed(t, CAPTURE);
  const expire = START + 600 + 864 * 3600;
  const status = async (at: number): Promise<string> =>
    JSON.parse((await query(database, '--json', `--at=@${at}`, CORRESPONDENT)).stdout).status;
  assert.deepEqual([await status(expire - 1), await status(expire)], ['WHITE', 'EXPIRED']);
});

test('Netfilter’s log has an interface index and a prefix', async t => {
  const database = await replayed(t, nflogCapture({ prefix: 'mail in', index: 3 }));
  const { stdout } = await query(database, AT, CORRESPONDENT);
  assert.match(stdout, /^ {2}logged {5}on #3, with prefix "mail in"$/m);
});

const GREYD = [
  entry('192.0.2.25', { expire: START + 864 * 3600 }),
  entry('192.0.2.99', { pcount: -1, pass: 0, expire: START + 86_400 }),
  entry('192.0.2.50', { helo: 'mx\x1b[31m', from: '<a@example.com>', to: '<b@example.org>', pcount: 0 }),
];

test('a database of greyd’s answers, with the last sighting derived and marked', async t => {
  const database = join(temporaryFolder(t), 'greyd.sqlite');
  makeGreydDatabase(database, GREYD);
  const { stdout } = await query(database, `--at=@${START + 3600}`, '192.0.2.25');
  assert.match(stdout, /^ {2}last seen {2}2023-11-14 22:13:20 {2}1 h ago \(derived from expire\)$/m);
  const { lastSeen, lastSeenDerived, lastDirection, inbound, rulenr } = JSON.parse(
    (await query(database, '--json', '192.0.2.25')).stdout,
  );
  assert.deepEqual(
    [lastSeen, lastSeenDerived, lastDirection, inbound, rulenr],
    ['2023-11-14T22:13:20Z', true, null, null, null],
  );
  const shorter = JSON.parse((await query(database, '--json', '-W', '863', '192.0.2.25')).stdout);
  assert.equal(shorter.lastSeen, '2023-11-14T23:13:20Z');
});

test('what was added by hand for another time than a sighting’s was never seen', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  for (const [hours, address] of [
    ['2160', '192.0.2.1'],
    ['36', '192.0.2.2'],
  ] as const) {
    assert.equal((await run(['add', '--database', database, '-W', hours, address])).status, 0);
  }
  const { stdout } = await query(database, '192.0.2.0/24');
  assert.match(stdout, /^192\.0\.2\.1 {2}WHITE\n[\s\S]*^192\.0\.2\.2 {2}WHITE$/m);
  assert.doesNotMatch(stdout, /last seen/);
  const json = (await query(database, '--json', '192.0.2.0/24')).stdout.trim().split('\n');
  assert.deepEqual(
    json.map(line => JSON.parse(line)).map(one => [one.lastSeen, one.lastSeenDerived]),
    [
      [null, undefined],
      [null, undefined],
    ],
  );
  const since = await run(['list', '--database', database, '--since', '7d', '--json']);
  assert.deepEqual([since.status, since.stdout], [0, '']);
});

test('a trap has no last sighting, and passes never', async t => {
  const database = join(temporaryFolder(t), 'greyd.sqlite');
  makeGreydDatabase(database, GREYD);
  const { stdout } = await query(database, `--at=@${START}`, '192.0.2.99');
  assert.match(
    stdout,
    /^192\.0\.2\.99 {2}TRAPPED\n {2}first .*\n {2}pass {7}not yet\n {2}expire .* in 1 d\n/,
  );
  const json = JSON.parse((await query(database, '--json', `--at=@${START}`, '192.0.2.99')).stdout);
  assert.deepEqual([json.status, json.lastSeen, json.pcount], ['TRAPPED', null, -1]);
});

test('a greylisted tuple is shown with its sender, fit for a terminal', async t => {
  const database = join(temporaryFolder(t), 'greyd.sqlite');
  makeGreydDatabase(database, GREYD);
  const { stdout } = await query(database, '192.0.2.50');
  assert.match(
    stdout,
    /^192\.0\.2\.50 {2}GREY\n {2}helo {7}mx\?\[31m\n {2}from {7}<a@example\.com>\n {2}to {9}<b@example\.org>\n/,
  );
  const json = JSON.parse((await query(database, '--json', '192.0.2.50')).stdout);
  assert.deepEqual([json.status, json.helo, json.lastSeen], ['GREY', 'mx\x1b[31m', null]);
});

test('what is no address is refused before the database is opened', async () => {
  const { status, stderr } = await query('/nonexistent', '192.0.2.1', 'mail.example.com');
  assert.equal(status, 64);
  assert.equal(stderr, 'spamlogd: "mail.example.com" is not an address or a network without host bits\n');
});

test('a folder is no database', async t => {
  const folder = temporaryFolder(t);
  for (const prefix of ['', 'spamd:']) {
    const { status, stderr } = await query(`${prefix}${folder}`, '192.0.2.1');
    assert.deepEqual([status, stderr], [66, `spamlogd: Cannot open store "${folder}": it is a folder\n`]);
  }
});

test('a database that is not there is an error of its own', async t => {
  const database = join(temporaryFolder(t), 'none.sqlite');
  const { status, stderr } = await query(database, '192.0.2.1');
  assert.equal(status, 66);
  assert.equal(stderr, `spamlogd: Cannot open store "${database}": no such file\n`);
});
