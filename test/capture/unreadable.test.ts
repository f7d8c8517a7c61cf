import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { threeRecords } from '../../fixtures/format-captures.js';
import { pcap } from '../../fixtures/savefile.js';
import { inTimeOrder } from '../../src/capture/savefile.js';
import { read, scan } from './scan.js';
import { temporaryFile, temporaryFolder } from './temporary.js';

const NOBODY = 65_534;

test('a file that is not there', async t => {
  const path = join(temporaryFolder(t), 'pflog');
  for (const { error } of [await scan(path), await read(path)]) {
    assert.equal(error?.code, 'missing');
    assert.equal(error.message, `Cannot open capture "${path}": no such file`);
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
  }
  const below = join(temporaryFile(t, 'a file'), 'pflog');
  assert.equal((await scan(below)).error?.code, 'missing');
});

test('a directory', async t => {
  const path = temporaryFolder(t);
  const { error } = await scan(path);
  assert.equal(error?.code, 'directory');
  assert.equal(error.message, `Cannot open capture "${path}": is a directory`);
});

test('a file that we may not read', { skip: process.getuid === undefined && 'no users here' }, async t => {
  const path = temporaryFile(t, pcap(threeRecords()));
  chmodSync(dirname(path), 0o755);
  chmodSync(path, 0o000);
  const isRoot = process.geteuid!() === 0;
  // The file is opened before the first wait, so that nothing else runs as nobody.
  if (isRoot) process.seteuid!(NOBODY);
  const scanning = scan(path);
  if (isRoot) process.seteuid!(0);
  const { error } = await scanning;
  assert.equal(error?.code, 'permission');
  assert.equal(error.message, `Cannot open capture "${path}": permission denied`);
});

test('a descriptor is given back, however reading ends', { skip: !hasDescriptors() }, async t => {
  const good = temporaryFile(t, pcap(threeRecords()));
  const bad = temporaryFile(t, 'not a capture at all');
  const { readdirSync } = await import('node:fs');
  const count = (): number => readdirSync('/proc/self/fd').length;
  const before = count();
  for (const path of [good, bad, temporaryFolder(t)]) {
    await scan(path);
    await read(path);
    await inTimeOrder([good, path]).catch(() => {});
  }
  const { readSavefile } = await import('../../src/capture/savefile.js');
  for await (const record of readSavefile(good)) {
    assert.equal(record.linkType, 117);
    break;
  }
  assert.equal(count(), before);
});

function hasDescriptors(): boolean {
  return process.platform === 'linux';
}

test('a file that is no capture', async t => {
  const texts = ['Nov 14 22:13:20 host pf: rule 4', '<html>', '\u0000\u0000\u0000\u0000', '{}[]'];
  for (const text of texts) {
    const path = temporaryFile(t, text);
    const { records, error } = await scan(path);
    assert.deepEqual(records, []);
    assert.equal(error?.code, 'format');
    assert.equal(error.message, `Capture "${path}" is not a capture file (unknown file format)`);
  }
});

test('random bytes behind a good file header are damage or records that cannot be decoded', async t => {
  let state = 1;
  const random = Buffer.from(
    Array.from({ length: 100_000 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
  const path = temporaryFile(t, Buffer.concat([pcap(threeRecords()), random]));
  const { records, error } = await scan(path);
  assert.ok(records.length >= 3);
  assert.equal(error?.code, 'corrupt');
  assert.match(error.message, /^Capture ".+" is damaged: invalid packet capture length \d+ at byte \d+$/);
});

test('an absurd length ends the reading before anything is made for it', async t => {
  const file = pcap(threeRecords());
  for (const length of [262_145, 0x7fffffff, 0xffffffff]) {
    const damaged = Buffer.from(file);
    damaged.writeUInt32LE(length, 24 + 8);
    const path = temporaryFile(t, damaged);
    const { records, error } = await scan(path);
    assert.deepEqual(records, []);
    assert.equal(
      error?.message,
      `Capture "${path}" is damaged: invalid packet capture length ${length} at byte 24`,
    );
  }
});

test('a length that the file does not have is an end inside a record', async t => {
  const damaged = pcap(threeRecords());
  damaged.writeUInt32LE(262_144, 24 + 8);
  const path = join(temporaryFolder(t), 'pflog');
  writeFileSync(path, damaged);
  assert.equal((await scan(path)).error?.code, 'truncated');
});
