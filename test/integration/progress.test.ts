import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pcap, pflogRecord } from '../support/captures.js';
import { CLI, missing, outcomeOf, run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const ERASE = '\r\x1b[K';

test('on a terminal a progress bar is drawn, and cleared before the report', {
  skip: missing('script'),
}, async t => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'pflog'), pcap(Array<Buffer>(20_000).fill(pflogRecord({}))));
  const command = `${process.execPath} ${CLI} --config=/dev/null replay -n pflog`;
  const { status, stdout } = await outcomeOf(
    spawn('script', ['-qefc', command, '/dev/null'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  assert.equal(status, 0);
  const pieces = stdout.split(ERASE);
  assert.ok(pieces.length >= 3, JSON.stringify(stdout.slice(0, 200)));
  const bar = / +\d+ % {2}[\d.]+ [kM]?B of 3\.1 MB {2}[\d,]+ packets\/s {2}\d+ (s|min \d+ s|min) left$/;
  for (const drawn of pieces.slice(1, -1)) assert.match(drawn, bar);
  assert.match(pieces.at(-1)!, /^Replayed 1 capture: 20,000 packets in /);
});

test('without a terminal nothing is drawn', async t => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'pflog'), pcap([pflogRecord({})]));
  const { stdout, stderr } = await run(['replay', '-n', join(folder, 'pflog')]);
  assert.equal(stderr, '');
  assert.equal(stdout.includes('\x1b'), false);
});
