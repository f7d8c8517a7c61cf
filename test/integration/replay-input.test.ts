import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CORRESPONDENT, pcap, pflogCapture, pflogRecord, START } from '../support/captures.js';
import { CLI, missing, outcomeOf, run, runOther, start } from '../support/cli.js';
import { entries } from '../support/database.js';
import { makeFifo, openFifo } from '../support/fifo.js';
import { temporaryFolder } from '../support/folder.js';

const CAPTURE = pflogCapture({}, { src: '203.0.113.9', time: START + 5 });

test('standard input is read as - , compressed or not', async () => {
  for (const input of [CAPTURE, gzipSync(CAPTURE)]) {
    const { status, stdout } = await run(['replay', '-n', '--json', '-'], { input });
    assert.deepEqual([status, JSON.parse(stdout).packets], [0, 2]);
  }
});

test('standard input that is a file is read, too', async t => {
  const folder = temporaryFolder(t);
  const capture = join(folder, 'pflog');
  writeFileSync(capture, CAPTURE);
  const { status, stdout } = await runOther('sh', [
    '-c',
    `"${process.execPath}" "${CLI}" --config=/dev/null replay -n --json - < "${capture}"`,
  ]);
  assert.deepEqual([status, JSON.parse(stdout).packets], [0, 2]);
});

test('standard input can be given once only', async t => {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const { status, stdout, stderr } = await run(['replay', '--database', database, '-', '-'], {
    input: CAPTURE,
  });
  assert.deepEqual([status, stdout], [64, '']);
  assert.equal(stderr, 'spamlogd: standard input ("-") can be read only once\n');
});

test('a pipe that grows slowly is read to its end', async () => {
  const child = start(['replay', '-n', '--json', '-']);
  const done = outcomeOf(child);
  // A byte at a time at first: the magic, the file header, the record come in pieces.
  for (let at = 0; at < 60; at++) {
    child.stdin!.write(CAPTURE.subarray(at, at + 1));
    await new Promise(resolve => setImmediate(resolve));
  }
  child.stdin!.end(CAPTURE.subarray(60));
  const { status, stdout } = await done;
  assert.deepEqual([status, JSON.parse(stdout).sightings], [0, 2]);
});

test('a FIFO is waited for, and read to its end', { skip: missing('mkfifo') }, async t => {
  const folder = temporaryFolder(t);
  const fifo = join(folder, 'pflog');
  const database = join(folder, 'spamd.sqlite');
  await makeFifo(fifo);
  const done = run(['replay', '--database', database, fifo]);
  const writer = await openFifo(fifo);
  writer.write(CAPTURE.subarray(0, 100));
  await new Promise(resolve => setImmediate(resolve));
  writer.write(CAPTURE.subarray(100));
  writer.close();
  const { status, stderr } = await done;
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(
    entries(database).map(row => row.ip),
    [CORRESPONDENT, '203.0.113.9'],
  );
});

test('a reader that has had enough, as head(1), is no error', async t => {
  const folder = temporaryFolder(t);
  const capture = join(folder, 'pflog');
  writeFileSync(capture, pcap(Array<Buffer>(20_000).fill(pflogRecord({}))));
  for (const command of ['explain', 'explain --json', 'replay -n']) {
    const child = spawn('sh', [
      '-c',
      `("${process.execPath}" "${CLI}" --config=/dev/null ${command} "${capture}"; echo "status $?" >&2) | head -n 1`,
    ]);
    const { stdout, stderr } = await outcomeOf(child);
    assert.equal(stdout.split('\n').length, 2, command);
    assert.equal(stderr, 'status 0\n', command);
  }
});

test('the work is done though nobody reads its messages', async t => {
  const folder = temporaryFolder(t);
  const capture = join(folder, 'pflog');
  const database = join(folder, 'spamd.sqlite');
  writeFileSync(capture, CAPTURE.subarray(0, CAPTURE.length - 1));
  const child = start(['replay', '--database', database, capture]);
  child.stderr!.destroy();
  child.stdout!.destroy();
  const [status] = await once(child, 'close');
  assert.equal(status, 0);
  assert.equal(entries(database).length, 1);
});

const noFull = process.platform !== 'linux' && 'only Linux has /dev/full';

test('standard output on a full disk is an error', { skip: noFull }, async t => {
  const capture = join(temporaryFolder(t), 'pflog');
  writeFileSync(capture, CAPTURE);
  const program = `"${process.execPath}" "${CLI}" --config=/dev/null explain "${capture}"`;
  const { status, stderr } = await runOther('sh', ['-c', `${program} > /dev/full`]);
  assert.equal(status, 74);
  assert.match(stderr, /^spamlogd: Cannot write to standard output: ENOSPC: no space left on device.*\n$/);
});
