import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nflogCapture, pcap, pflogCapture, START } from '../support/captures.js';
import { run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

test('explain tells of every record what it is, and whether it counts and why not', async () => {
  const input = pflogCapture(
    { microseconds: 250_000 },
    {
      time: START + 1,
      direction: 'out',
      src: '2001:db8::1',
      dst: '2001:db8::2',
      ruleset: 'out',
      subrulenr: 3,
    },
    { time: START + 2, action: 1, reason: 8, interface: 'em\x1b1' },
    { time: START + 3, flags: 18, dport: 40_000, sport: 25 },
  );
  const { status, stdout, stderr } = await run(['explain', '-'], { input });
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(stdout.split('\n'), [
    '2023-11-14 22:13:20.250000 pflog rule 4/0(match): pass in on em0: 198.51.100.7.40000 > 192.0.2.25.25: TCP [S] — counts: 198.51.100.7 inbound',
    '2023-11-14 22:13:21.000000 pflog rule 4.out.3/0(match): pass out on em0: 2001:db8::1.40000 > 2001:db8::2.25: TCP [S] — counts: 2001:db8::2 outbound',
    '2023-11-14 22:13:22.000000 pflog rule 4/8(ip-option): block in on em?1: 198.51.100.7.40000 > 192.0.2.25.25: TCP [S] — ignored: the firewall blocked it',
    '2023-11-14 22:13:23.000000 pflog rule 4/0(match): pass in on em0: 198.51.100.7.25 > 192.0.2.25.40000: TCP [S.] — ignored: not to a mail port',
    '',
  ]);
});

test('explain knows Netfilter’s log', async () => {
  const input = nflogCapture({ prefix: 'mail in' }, { direction: 'out', index: 3, prefix: '' });
  const { stdout } = await run(['explain', '-I', '-'], { input });
  assert.deepEqual(stdout.split('\n'), [
    '2023-11-14 22:13:20.000000 nflog group 25: input in #2 "mail in": 198.51.100.7.40000 > 192.0.2.25.25: TCP [S] — counts: 198.51.100.7 inbound',
    '2023-11-14 22:13:20.000000 nflog group 25: output out #3: 192.0.2.25.40000 > 198.51.100.7.25: TCP [S] — ignored: outbound, and only inbound ones count',
    '',
  ]);
});

test('--json gives an object a record', async () => {
  const { stdout } = await run(['explain', '--json', '-'], { input: pflogCapture({}, { dport: 26 }) });
  const [counts, ignored] = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.deepEqual([counts.sighting, counts.direction, counts.why], ['198.51.100.7', 'in', undefined]);
  assert.deepEqual(
    [ignored.sighting, ignored.ignored, ignored.why],
    [null, 'other-port', 'not to a mail port'],
  );
  assert.equal(counts.time, '2023-11-14T22:13:20.000000Z');
});

test('a bad capture among good ones does not stop them, and decides the status', async t => {
  const folder = temporaryFolder(t);
  const good = pflogCapture({});
  const files = { a: good, b: pcap([], 1), c: good.subarray(0, good.length - 1), d: good };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const { status, stdout, stderr } = await run(['explain', ...Object.keys(files)], { folder });
  assert.equal(status, 65);
  assert.equal(stdout.split('\n').length, 3);
  assert.match(
    stderr,
    /^spamlogd: Capture "b" cannot be used: .*\nspamlogd: warning: Capture "c" ends inside .*\n$/,
  );
  assert.equal((await run(['explain', 'c'], { folder })).status, 0);
  assert.equal((await run(['explain', '--strict', 'c'], { folder })).status, 65);
});
