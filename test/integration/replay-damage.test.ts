import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pcap, pflogCapture, pflogRecord, START } from '../support/captures.js';
import { noUnprivileged, type Outcome, run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const TWO = pflogCapture({ src: '198.51.100.1' }, { src: '198.51.100.2', time: START + 1 });
/** Where the second record begins. */
const SECOND = (TWO.length - 24) / 2 + 24;

interface Replayed extends Outcome {
  readonly path: string;
  readonly database: string;
  /** The report of `--json`; undefined when there was none. */
  readonly report:
    | { readonly packets: number; readonly added: number; readonly truncated: number }
    | undefined;
}

async function replay(t: TestContext, bytes: Buffer, ...options: string[]): Promise<Replayed> {
  const folder = temporaryFolder(t);
  const path = join(folder, 'pflog');
  const database = join(folder, 'spamd.sqlite');
  writeFileSync(path, bytes);
  const outcome = await run(['replay', '--json', '--database', database, ...options, path]);
  return { ...outcome, path, database, report: outcome.stdout ? JSON.parse(outcome.stdout) : undefined };
}

test('a capture cut off inside a record counts up to there, with a warning that tells where', async t => {
  for (const cut of [SECOND + 1, SECOND + 15, SECOND + 16, SECOND + 80, TWO.length - 1]) {
    const { status, stderr, path, report } = await replay(t, TWO.subarray(0, cut));
    assert.equal(status, 0, `cut at ${cut}`);
    const warning = `warning: Capture "${path}" ends inside a record that begins at byte ${SECOND}`;
    assert.equal(stderr, `spamlogd: ${warning}\n`);
    assert.deepEqual([report!.packets, report!.added, report!.truncated], [1, 1, 1]);
  }
});

test('a capture cut off between two records is whole', async t => {
  const { status, stderr, report } = await replay(t, TWO.subarray(0, SECOND));
  assert.deepEqual([status, stderr, report!.packets, report!.truncated], [0, '', 1, 0]);
});

test('--strict: a capture that is cut off is an error, but counts all the same', async t => {
  const { status, report } = await replay(t, TWO.subarray(0, TWO.length - 1), '--strict');
  assert.deepEqual([status, report!.added, report!.truncated], [65, 1, 1]);
  const whole = await replay(t, TWO, '--strict');
  assert.deepEqual([whole.status, whole.report!.added], [0, 2]);
});

test('a compressed capture cut off counts up to there', async t => {
  const records = Array.from({ length: 5000 }, (_, i) =>
    pflogRecord({ src: `198.51.${i >> 8}.${i & 255}`, sport: (i * 7919) & 0xffff }),
  );
  const gzip = gzipSync(pcap(records));
  const { status, stderr, report } = await replay(t, gzip.subarray(0, gzip.length - 1000));
  assert.equal(status, 0);
  assert.match(stderr, /^spamlogd: warning: Capture ".*" ends inside its gzip data at byte (\d+)\n$/);
  assert.equal(Number(/byte (\d+)/.exec(stderr)![1]), gzip.length - 1000);
  assert.equal(report!.truncated, 1);
  assert.ok(report!.packets > 1000 && report!.packets < 5000, `${report!.packets} packets`);
});

test('something else behind compressed data is worth a warning, with --strict an error', async t => {
  const bytes = Buffer.concat([gzipSync(TWO), Buffer.from('garbage')]);
  const at = bytes.length - 'garbage'.length;
  const { status, stderr, path, report } = await replay(t, bytes);
  const warning = `warning: Capture "${path}" has other bytes behind its gzip data, at byte ${at}`;
  assert.deepEqual([status, stderr], [0, `spamlogd: ${warning}\n`]);
  assert.deepEqual([report!.packets, report!.truncated], [2, 0]);
  assert.equal((await replay(t, bytes, '--strict')).status, 65);
});

test('a capture without a record is no error, one without a byte is worth a warning', async t => {
  const header = await replay(t, pcap([]));
  assert.deepEqual([header.status, header.stderr, header.report!.packets], [0, '', 0]);
  const empty = await replay(t, Buffer.alloc(0));
  assert.equal(empty.status, 0);
  assert.equal(empty.report!.truncated, 0);
  assert.equal(empty.stderr, `spamlogd: warning: Capture "${empty.path}" is empty\n`);
  const cut = await replay(t, pcap([]).subarray(0, 15));
  assert.equal(cut.status, 0);
  assert.match(cut.stderr, /^spamlogd: warning: Capture ".*" ends inside the file header/);
});

test('a damaged capture counts up to the damage, and the status tells', async t => {
  const bytes = Buffer.from(TWO);
  bytes.writeUInt32LE(0x7fffffff, SECOND + 8);
  const { status, stderr, path, report } = await replay(t, bytes);
  assert.equal(status, 65);
  assert.equal(
    stderr,
    `spamlogd: Capture "${path}" is damaged: invalid packet capture length 2147483647 at byte ${SECOND}\n`,
  );
  assert.deepEqual([report!.packets, report!.added], [1, 1]);
});

test('what is no capture, or of another kind, is refused with its name and what it is', async t => {
  const known = 'only 117 (pflog) and 239 (NFLOG) are read';
  const cases: [Buffer, string][] = [
    [
      pcap([], 17),
      `cannot be used: link type 17 (pflog before OpenBSD 3.4) is ambiguous and not supported; ${known}`,
    ],
    [pcap([], 1), `cannot be used: link type 1 is not supported; ${known}`],
    [Buffer.from('this is a letter, not a capture'), 'is not a capture file (unknown file format)'],
    [
      Buffer.from('BZh91AY&SY and so on'),
      'is compressed with bzip2; decompress it first, as in "bzcat FILE | spamlogd replay -"',
    ],
  ];
  for (const [bytes, message] of cases) {
    for (const options of [[], ['--json=false'], ['--dry-run']]) {
      const { status, stdout, stderr, path, database } = await replay(t, bytes, ...options);
      assert.equal(stderr, `spamlogd: Capture "${path}" ${message}\n`);
      assert.deepEqual([status, stdout, existsSync(database)], [65, '', false]);
    }
  }
});

test('one bad capture among good ones does not stop them', async t => {
  const folder = temporaryFolder(t);
  const paths = ['a', 'b', 'c'].map(name => join(folder, name));
  [pflogCapture({ src: '198.51.100.1' }), pcap([], 1), pflogCapture({ src: '198.51.100.2' })].forEach(
    (bytes, i) => {
      writeFileSync(paths[i]!, bytes);
    },
  );
  const { status, stdout, stderr } = await run(['replay', '--json', '--dry-run', ...paths]);
  assert.equal(status, 65);
  assert.match(stderr, /^spamlogd: Capture ".*\/b" cannot be used: link type 1 /);
  assert.deepEqual([JSON.parse(stdout).added, JSON.parse(stdout).files], [2, 2]);
});

test('a capture that cannot be opened ends the run before anything is written', async t => {
  const folder = temporaryFolder(t);
  const good = join(folder, 'pflog');
  const database = join(folder, 'spamd.sqlite');
  writeFileSync(good, TWO);
  mkdirSync(join(folder, 'dir'));
  const refused: [string, number, string][] = [
    ['none', 66, 'no such file'],
    ['dir', 66, 'is a directory'],
    ['pflog/x', 66, 'no such file'],
  ];
  for (const [name, expected, reason] of refused) {
    const path = join(folder, name);
    for (const paths of [[path], [good, path]]) {
      const { status, stdout, stderr } = await run(['replay', '--database', database, ...paths]);
      assert.deepEqual([status, stdout], [expected, '']);
      assert.equal(stderr, `spamlogd: Cannot open capture "${path}": ${reason}\n`);
      assert.equal(existsSync(database), false);
    }
  }
});

test('a capture without permission is refused', { skip: await noUnprivileged() }, async t => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'pflog');
  writeFileSync(path, TWO);
  chmodSync(path, 0);
  const { status, stderr } = await run(['replay', '--dry-run', path], { isUnprivileged: true, folder });
  assert.equal(status, 77);
  assert.equal(stderr, `spamlogd: Cannot open capture "${path}": permission denied\n`);
});
