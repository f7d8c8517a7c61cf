import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { CORRESPONDENT, pflogCapture, START } from '../support/captures.js';
import { run, start } from '../support/cli.js';
import { type EntryRow, entry, makeGreydDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

/** The example of what the real spamdb prints, and the rows that make it. */
const SPAMDB = `WHITE|192.0.2.25|||1699913600|1699915400|1703110400|1|5
GREY|198.51.100.7|mail.example.com|<alice@example.com>|<bob@example.org>|1699999400|1700013800|1700013800|1|0
GREY|198.51.100.8||<>|<postmaster@example.org>|1699998400|1699999995|1700012800|3|0
TRAPPED|203.0.113.99|1700082800
SPAMTRAP|spamtrap@example.org
`;
const ROWS: readonly EntryRow[] = [
  entry('192.0.2.25'),
  {
    ...{ ip: '198.51.100.7', helo: 'mail.example.com', from: '<alice@example.com>', to: '<bob@example.org>' },
    ...{ first: 1_699_999_400, pass: 1_700_013_800, expire: 1_700_013_800, bcount: 1, pcount: 0 },
  },
  {
    ...{ ip: '198.51.100.8', helo: '', from: '<>', to: '<postmaster@example.org>' },
    ...{ first: 1_699_998_400, pass: 1_699_999_995, expire: 1_700_012_800, bcount: 3, pcount: 0 },
  },
  entry('203.0.113.99', { pass: 0, expire: 1_700_082_800, pcount: -1 }),
];

function greyd(t: TestContext, rows = ROWS, spamtraps = ['spamtrap@example.org']): string {
  const database = join(temporaryFolder(t), 'greyd.sqlite');
  makeGreydDatabase(database, rows, spamtraps);
  return database;
}

async function list(database: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(['list', '--database', database, `--at=@${START}`, ...args]);
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

/** The addresses that are listed, in their order. */
async function addresses(database: string, ...args: string[]): Promise<string[]> {
  const lines = (await list(database, '--json', ...args)).split('\n').filter(Boolean);
  return lines.map(line => JSON.parse(line).address);
}

test('--format spamdb prints what spamdb(8) does, byte for byte', async t => {
  assert.equal(await list(greyd(t), '--format', 'spamdb'), SPAMDB);
});

test('text that is no UTF-8 comes out byte for byte, and people are shown it escaped', async t => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  const database = greyd(t, [], []);
  const db = new Database(database);
  // As greyd stores it: text, whatever its bytes. What stands for lost bytes can be there in earnest, too.
  const text = 'CAST(? AS TEXT)';
  db.prepare(
    `INSERT INTO entries VALUES('192.0.2.1', ${text}, ${text}, ${text}, 1, 2, 2000000000, 1, 0)`,
  ).run(bytes('caf\xe9\xff'), bytes('<\x80@example.com>'), Buffer.from('<\ufffdé@example.org>'));
  db.prepare(`INSERT INTO spamtraps VALUES(${text})`).run(bytes('tr\xe4p@example.org'));
  db.close();
  const line = Buffer.concat([
    bytes('GREY|192.0.2.1|caf\xe9\xff|<\x80@example.com>|'),
    Buffer.from('<\ufffdé@example.org>|1|2|2000000000|1|0\n'),
    bytes('SPAMTRAP|tr\xe4p@example.org\n'),
  ]);
  for (const sort of ['database', 'address']) {
    const child = start(['list', '--database', database, '--format', 'spamdb', '--sort', sort]);
    assert.deepEqual(Buffer.concat(await child.stdout!.toArray()), line);
  }
  const table = await list(database);
  assert.ok(table.includes('<\\x80@example.com> to <\ufffdé@example.org>'), table);
  assert.ok(table.includes('SPAMTRAP tr\\xe4p@example.org'), table);
  const { stdout } = await run(['query', '--database', database, '192.0.2.1']);
  assert.match(stdout, /^ {2}helo {7}caf\\xe9\\xff$/m);
  const json = JSON.parse((await list(database, '--json')).split('\n')[0]!);
  assert.equal(json.helo, 'caf\udce9\udcff');
});

test('an empty database lists nothing', async t => {
  const database = greyd(t, [], []);
  for (const format of ['table', 'json', 'spamdb'])
    assert.equal(await list(database, `--format=${format}`), '');
});

test('the table has a line a record under a heading', async t => {
  assert.deepEqual((await list(greyd(t))).split('\n'), [
    'STATUS   ADDRESS                                 LAST SEEN               EXPIRE               BLOCKED  PASSED',
    'WHITE    192.0.2.25                              2023-11-14 22:13:20 ~   2023-12-20 22:13:20        1       5  in 36 d',
    'GREY     198.51.100.7                                                    2023-11-15 02:03:20        1       0  in 3 h  <alice@example.com> to <bob@example.org>',
    'GREY     198.51.100.8                                                    2023-11-15 01:46:40        3       0  in 3 h  <> to <postmaster@example.org>',
    'TRAPPED  203.0.113.99                                                    2023-11-15 21:13:20        1       0  in 23 h',
    'SPAMTRAP spamtrap@example.org',
    '',
  ]);
});

test('what is in a database cannot command the terminal', async t => {
  const row = { ...ROWS[1]!, from: '\x1b]0;x\x07<a@b>\n' };
  const table = await list(greyd(t, [row], []));
  assert.match(table, / {2}\?\]0;x\?<a@b>\? to /);
});

test('--json and --format json give an object a record', async t => {
  const database = greyd(t);
  const text = await list(database, '--json');
  assert.equal(await list(database, '--format', 'json'), text);
  const records = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.deepEqual(
    records.map(record => record.status),
    ['WHITE', 'GREY', 'GREY', 'TRAPPED', 'SPAMTRAP'],
  );
  assert.deepEqual(records.at(-1), { address: 'spamtrap@example.org', status: 'SPAMTRAP' });
  assert.equal(records[1].from, '<alice@example.com>');
  assert.equal(records[0].lastSeenDerived, true);
});

test('--status: in either case, several together', async t => {
  const database = greyd(t, [...ROWS, entry('192.0.2.1', { expire: START })]);
  assert.deepEqual(await addresses(database, '--status=white'), ['192.0.2.25']);
  assert.deepEqual(await addresses(database, '--status=grey'), ['198.51.100.7', '198.51.100.8']);
  assert.deepEqual(await addresses(database, '--status=TRAPPED,spamtrap'), [
    '203.0.113.99',
    'spamtrap@example.org',
  ]);
  assert.deepEqual(await addresses(database, '--status=EXPIRED'), ['192.0.2.1']);
});

test('--since: a time, or an age before --at', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const input = pflogCapture(
    { time: START - 7200 },
    { time: START - 600, src: '203.0.113.1' },
    { time: START - 60, src: '2001:db8::1', dst: '2001:db8:1::25' },
  );
  await run(['replay', '--database', database, '-'], { input });
  const recent = ['203.0.113.1', '2001:db8::1'];
  assert.deepEqual(await addresses(database, '--since=1h', '--sort=address'), recent);
  assert.deepEqual(await addresses(database, '--since=10m', '--sort=address'), recent);
  assert.deepEqual(await addresses(database, `--since=@${START - 60}`), ['2001:db8::1']);
  assert.deepEqual(await addresses(database, '--since=2h', '--sort=address'), [CORRESPONDENT, ...recent]);
});

test('--expiring: entries that end soon, and have not', async t => {
  const rows = [-1, 0, 1, 3600, 3601].map((left, i) => entry(`192.0.2.${i}`, { expire: START + left }));
  assert.deepEqual(await addresses(greyd(t, rows), '--expiring=1h'), ['192.0.2.2', '192.0.2.3']);
});

test('--sort and --limit', async t => {
  const rows = [
    entry('198.51.100.10', { first: 300, expire: START + 300, pcount: 7 }),
    entry('2001:db8::1', { first: 100, expire: START + 400, pcount: 9 }),
    entry('198.51.100.9', { first: 200, expire: START + 200, pcount: 8 }),
  ];
  const [ten, six, nine] = rows.map(row => row.ip) as [string, string, string];
  const database = greyd(t, rows, []);
  const orders: Record<string, string[]> = {
    database: [ten, six, nine],
    address: [nine, ten, six],
    expire: [nine, ten, six],
    seen: [six, ten, nine],
    first: [ten, nine, six],
    count: [six, nine, ten],
  };
  for (const [order, expected] of Object.entries(orders)) {
    assert.deepEqual(await addresses(database, `--sort=${order}`), expected, order);
    assert.deepEqual(await addresses(database, `--sort=${order}`, '--limit=2'), expected.slice(0, 2), order);
  }
});

test('a locked database is waited for, then the status is 75', async t => {
  const database = greyd(t);
  const other = new Database(database);
  other.exec('BEGIN EXCLUSIVE');
  const { status, stdout, stderr } = await run(['list', '--busy-timeout=0', '--database', database]);
  other.close();
  assert.deepEqual([status, stdout], [75, '']);
  assert.match(stderr, /^spamlogd: Cannot \w+ store ".*": it is locked by another program\n$/);
});
