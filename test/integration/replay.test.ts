import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  CORRESPONDENT,
  nflogCapture,
  pflogCapture,
  pflogRecord,
  START,
  type TestPflog,
} from '../support/captures.js';
import { run } from '../support/cli.js';
import { entries, select, sightings } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

const WHITEEXP = 864 * 3600;

/** A morning's log: four sightings of three correspondents, and one record of each kind that does not count. */
const MORNING: readonly TestPflog[] = [
  { time: START },
  { time: START + 10, direction: 'out', dst: '2001:db8::25', src: '2001:db8:1::25', rulenr: 7 },
  { time: START + 20, src: '203.0.113.9', action: 1 },
  { time: START + 30, dport: 443 },
  { time: START + 40, flags: 18 },
  { time: START + 50, src: '203.0.113.10', redirectedTo: { address: '127.0.0.1', port: 8025 } },
  { time: START + 60, src: '203.0.113.77', interface: 'em1' },
  { time: START + 3600, direction: 'out', rulenr: 7, ruleset: 'mail', subrulenr: 3 },
];

interface Given {
  readonly folder: string;
  readonly database: string;
  readonly capture: string;
}

function given(t: TestContext, bytes: Buffer = pflogCapture(...MORNING)): Given {
  const folder = temporaryFolder(t);
  const capture = join(folder, 'pflog');
  writeFileSync(capture, bytes);
  return { folder, database: join(folder, 'spamd.sqlite'), capture };
}

test('a replay whitelists as the daemon would, by the packets’ own clock', async t => {
  const { database, capture } = given(t);
  const { status, stderr } = await run(['replay', '--database', database, capture]);
  assert.deepEqual([status, stderr], [0, '']);
  const empty = { helo: '', from: '', to: '', bcount: 1 };
  assert.deepEqual(entries(database), [
    {
      ip: CORRESPONDENT,
      ...empty,
      first: START,
      pass: START,
      expire: START + 3600 + WHITEEXP,
      pcount: 1,
    },
    {
      ip: '2001:db8::25',
      ...empty,
      first: START + 10,
      pass: START + 10,
      expire: START + 10 + WHITEEXP,
      pcount: 0,
    },
    {
      ip: '203.0.113.77',
      ...empty,
      first: START + 60,
      pass: START + 60,
      expire: START + 60 + WHITEEXP,
      pcount: 0,
    },
  ]);
  assert.deepEqual(sightings(database)[0], {
    ip: CORRESPONDENT,
    first_seen: START,
    last_seen: START + 3600,
    last_direction: 'out',
    inbound: 1,
    outbound: 1,
    interface: 'em0',
    ruleset: 'mail',
    rulenr: 7,
    subrulenr: 3,
  });
});

test('the report tells what counted, what did not and why, and who was busiest', async t => {
  const { folder, capture } = given(t);
  const { stdout } = await run(['replay', '--database', 'spamd.sqlite', capture], { folder });
  const lines = stdout.split('\n');
  assert.match(lines[0]!, /^Replayed 1 capture: 8 packets in \d+\.\d\d s$/);
  assert.deepEqual(lines.slice(1), [
    '2023-11-14 22:13:20 to 2023-11-14 23:13:20 (1 h)',
    'Written to spamd.sqlite',
    '',
    'sightings              4  2 inbound, 2 outbound',
    'addresses              3  3 added, 0 refreshed',
    'ignored                4',
    '                       1  not to a mail port',
    '                       1  not the first packet of a connection',
    '                       1  the firewall blocked it',
    '                       1  redirected away from the mail port, as to a tarpit',
    'malformed              0',
    '',
    'Sightings over time, 1 min 1 s a column, at most 3',
    `  █${' '.repeat(58)}▃`,
    '',
    'Busiest correspondents',
    '  198.51.100.7                                        2',
    '  203.0.113.77                                        1',
    '  2001:db8::25                                        1',
    '',
  ]);
});

test('--json gives the report as one object with the documented keys', async t => {
  const { database, capture } = given(t);
  const { status, stdout } = await run(['replay', '--json', '--database', database, capture]);
  assert.equal(status, 0);
  assert.equal(stdout.trimEnd().includes('\n'), false);
  const { seconds, timeline, ...report } = JSON.parse(stdout);
  assert.equal(typeof seconds, 'number');
  assert.equal(timeline.secondsPerColumn * timeline.sightings.length >= 3600, true);
  assert.equal(
    timeline.sightings.reduce((sum: number, count: number) => sum + count),
    4,
  );
  assert.deepEqual(report, {
    packets: 8,
    sightings: 4,
    inbound: 2,
    outbound: 2,
    addresses: 3,
    added: 3,
    refreshed: 0,
    trapped: 0,
    ignored: { 'other-port': 1, 'not-opening': 1, blocked: 1, redirected: 1 },
    malformed: 0,
    truncated: 0,
    first: '2023-11-14T22:13:20Z',
    last: '2023-11-14T23:13:20Z',
    files: 1,
    dryRun: false,
    interrupted: false,
    busiest: [
      { address: CORRESPONDENT, sightings: 2 },
      { address: '203.0.113.77', sightings: 1 },
      { address: '2001:db8::25', sightings: 1 },
    ],
  });
});

test('every packet is a sighting, ignored or malformed', async t => {
  const broken = pflogRecord({});
  broken[16] = 44;
  const { database, capture } = given(t, Buffer.concat([pflogCapture(...MORNING), broken, pflogRecord({})]));
  const { stdout } = await run(['replay', '--json', '--database', database, capture]);
  const report = JSON.parse(stdout);
  const ignored = Object.values<number>(report.ignored).reduce((sum, count) => sum + count);
  assert.deepEqual([report.packets, report.sightings, ignored, report.malformed], [10, 5, 4, 1]);
});

test('the same capture twice changes nothing but how often an address passed', async t => {
  const { database, capture } = given(t);
  await run(['replay', '--database', database, capture]);
  const before = entries(database);
  const { stdout } = await run(['replay', '--json', '--database', database, capture]);
  const { added, refreshed } = JSON.parse(stdout);
  assert.deepEqual([added, refreshed], [0, 3]);
  const sums = before.map(row => ({ ...row, pcount: row.pcount + (row.ip === CORRESPONDENT ? 2 : 1) }));
  assert.deepEqual(entries(database), sums);
});

test('packets out of order never move the end of an entry back', async t => {
  const times = [START + 500, START, START + 900, START + 100];
  const { database, capture } = given(t, pflogCapture(...times.map(time => ({ time }))));
  const { stdout } = await run(['replay', '--json', '--database', database, capture]);
  const { first, last } = JSON.parse(stdout);
  assert.deepEqual([first, last], ['2023-11-14T22:13:20Z', '2023-11-14T22:28:20Z']);
  const [row] = entries(database);
  assert.deepEqual([row!.first, row!.expire, row!.pcount], [START + 500, START + 900 + WHITEEXP, 3]);
  const [seen] = sightings(database);
  assert.deepEqual([seen!.first_seen, seen!.last_seen], [START, START + 900]);
});

test('rotated files are replayed in the order of their time, whatever the order given', async t => {
  const { folder, database } = given(t);
  const days = [0, 1, 2].map(day => ({ time: START + day * 86_400, rulenr: day }));
  const names = ['pflog.1.gz', 'pflog.0.gz', 'pflog'].map(name => join(folder, name));
  days.forEach((packet, i) => {
    const bytes = pflogCapture(packet);
    writeFileSync(names[i]!, names[i]!.endsWith('.gz') ? gzipSync(bytes) : bytes);
  });
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const path = `${database}.${order.join('')}`;
    const { status } = await run(['replay', '--database', path, ...order.map(i => names[i]!)]);
    assert.equal(status, 0);
    const [row] = entries(path);
    assert.deepEqual([row!.first, row!.expire, row!.pcount], [START, START + 2 * 86_400 + WHITEEXP, 2]);
    assert.equal(sightings(path)[0]!.rulenr, 2);
  }
});

test('Netfilter’s log counts as pf’s does', async t => {
  const { database, capture } = given(t, nflogCapture({ prefix: 'mail in' }, { direction: 'out', index: 3 }));
  const { status } = await run(['replay', '--database', database, capture]);
  assert.equal(status, 0);
  const [seen] = sightings(database);
  assert.deepEqual([seen!.ip, seen!.inbound, seen!.outbound], [CORRESPONDENT, 1, 1]);
  assert.deepEqual([seen!.interface, seen!.ruleset, seen!.rulenr], ['#3', 'smtp', null]);
});

test('a database in several batches holds the sum of them', async t => {
  const { database } = given(t);
  // More sightings than go into one batch, of a few addresses over and over.
  const block = Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => pflogRecord({ src: `198.51.100.${i % 200}`, time: START + i })),
  );
  const input = Buffer.concat([pflogCapture(), ...Array<Buffer>(2600).fill(block)]);
  const { status, stdout } = await run(['replay', '--json', '--database', database, '-'], { input });
  assert.equal(status, 0);
  const { sightings: count, added, refreshed } = JSON.parse(stdout);
  assert.deepEqual([count, added, refreshed], [2_600_000, 200, 0]);
  const sql = 'SELECT min(inbound) AS least, max(inbound) AS most, count(*) AS rows FROM sightings';
  assert.deepEqual(select(database, sql), [{ least: 13_000, most: 13_000, rows: 200 }]);
  assert.equal(
    entries(database).every(row => row.pcount === 12_999 && row.bcount === 1),
    true,
  );
});
