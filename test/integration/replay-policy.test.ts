import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { nflogCapture, pflogCapture, START } from '../support/captures.js';
import { type Outcome, run } from '../support/cli.js';
import { entries } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

/** What a replay with options whitelists of a capture, and what it ignores. */
async function replayed(
  t: TestContext,
  capture: Buffer,
  ...options: string[]
): Promise<{ white: string[]; ignored: Record<string, number> }> {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const outcome = await replay(capture, '--database', database, ...options);
  assert.equal(outcome.stderr, '');
  return { white: entries(database).map(row => row.ip), ignored: JSON.parse(outcome.stdout).ignored };
}

function replay(capture: Buffer, ...options: string[]): Promise<Outcome> {
  return run(['replay', '--json', ...options, '-'], { input: capture });
}

const BOTH_WAYS = pflogCapture(
  { src: '198.51.100.1' },
  { src: '198.51.100.2', interface: 'em10' },
  { dst: '198.51.100.3', direction: 'out' },
  { dst: '198.51.100.4', direction: 'out', src: '192.0.2.99' },
);

test('without a policy both directions count, on all interfaces and from all sources', async t => {
  const { white, ignored } = await replayed(t, BOTH_WAYS);
  assert.deepEqual(white, ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4']);
  assert.deepEqual(ignored, {});
});

test('-I: inbound connections only', async t => {
  const { white, ignored } = await replayed(t, BOTH_WAYS, '-I');
  assert.deepEqual(white, ['198.51.100.1', '198.51.100.2']);
  assert.deepEqual(ignored, { outbound: 2 });
});

test('-i: one interface only, by its exact name', async t => {
  const on = async (name: string): Promise<string[]> => (await replayed(t, BOTH_WAYS, '-i', name)).white;
  assert.deepEqual(await on('em10'), ['198.51.100.2']);
  assert.deepEqual(await on('em1'), []);
  assert.deepEqual(await on('em0'), ['198.51.100.1', '198.51.100.3', '198.51.100.4']);
});

test('-i: Netfilter’s log knows interfaces by their index', async t => {
  const capture = nflogCapture({ src: '198.51.100.1', index: 2 }, { src: '198.51.100.2', index: 3 });
  const { white, ignored } = await replayed(t, capture, '-i3');
  assert.deepEqual(white, ['198.51.100.2']);
  assert.deepEqual(ignored, { 'other-interface': 1 });
});

test('--port: the ports of mail instead of 25', async t => {
  const capture = pflogCapture(
    { src: '198.51.100.1' },
    { src: '198.51.100.2', dport: 587 },
    { src: '198.51.100.3', dport: 465 },
  );
  assert.deepEqual((await replayed(t, capture)).white, ['198.51.100.1']);
  const { white, ignored } = await replayed(t, capture, '--port=587', '--port', '465');
  assert.deepEqual(white, ['198.51.100.2', '198.51.100.3']);
  assert.deepEqual(ignored, { 'other-port': 1 });
});

test('--ignore and --ignore-file: correspondents that never count, in either direction', async t => {
  const capture = pflogCapture(
    { src: '198.51.100.1' },
    { src: '198.51.100.130' },
    { dst: '203.0.113.1', direction: 'out' },
    { src: '2001:db8::1', dst: '2001:db8:1::25' },
    { src: '2001:db9::1', dst: '2001:db8:1::25' },
  );
  const file = join(temporaryFolder(t), 'nospamd');
  writeFileSync(file, '# the provider\n203.0.113.0/24\n\n2001:db8::/32 # us\n');
  const { white, ignored } = await replayed(t, capture, '--ignore=198.51.100.128/25', '--ignore-file', file);
  assert.deepEqual(white, ['198.51.100.1', '2001:db9::1']);
  assert.deepEqual(ignored, { 'ignored-network': 3 });
});

test('--ignore-file: a bad line is named, and nothing is written', async t => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'nospamd');
  writeFileSync(file, '192.0.2.1\nmail.example.com\n');
  const database = join(folder, 'spamd.sqlite');
  const { status, stderr } = await replay(BOTH_WAYS, '--database', database, '--ignore-file', file);
  assert.equal(status, 64);
  const expected = 'an address or a network without host bits, like 192.0.2.0/24';
  assert.equal(stderr, `spamlogd: "${file}" line 2 must be ${expected}, not "mail.example.com"\n`);
  assert.throws(() => entries(database));
});

test('--mail-server: outbound connections count only from there', async t => {
  const { white, ignored } = await replayed(t, BOTH_WAYS, '--mail-server=192.0.2.25');
  assert.deepEqual(white, ['198.51.100.1', '198.51.100.2', '198.51.100.3']);
  assert.deepEqual(ignored, { 'not-mail-server': 1 });
});

test('-W: how long an entry lives, in hours', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  await replay(pflogCapture({ time: START }), '--database', database, '-W36');
  assert.equal(entries(database)[0]!.expire, START + 36 * 3600);
});

test('-W: an entry that has ended by the packets’ own clock begins anew', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const later = START + 3600;
  await replay(pflogCapture({ time: START }, { time: later }), '--database', database, '-W1');
  const [row] = entries(database);
  assert.deepEqual([row!.first, row!.expire, row!.pcount], [later, later + 3600, 0]);
});

test('a trapped address stays trapped', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  await run(['trap', '--database', database, '198.51.100.1']);
  const before = entries(database);
  const { stdout } = await replay(BOTH_WAYS, '--database', database);
  const { addresses, added, trapped } = JSON.parse(stdout);
  assert.deepEqual([addresses, added, trapped], [4, 3, 1]);
  assert.deepEqual(entries(database)[0], before[0]);
});
