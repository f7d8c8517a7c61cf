import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { threeRecords } from '../../fixtures/format-captures.js';
import { pcap } from '../../fixtures/savefile.js';
import { scan } from './scan.js';
import { temporaryFile } from './temporary.js';

const plain = pcap(threeRecords());

test('gzip is known by content: the name does not matter', async t => {
  for (const name of ['pflog.0.gz', 'pflog.0', 'pflog.pcap', 'pflog.bz2']) {
    const { records, error } = await scan(temporaryFile(t, gzipSync(plain), name));
    assert.equal(error, undefined);
    assert.equal(records.length, 3, name);
  }
  assert.equal((await scan(temporaryFile(t, plain, 'pflog.0.gz'))).records.length, 3);
});

test('gzip members in a row are one file, wherever they divide it', async t => {
  for (const at of [0, 1, 24, 100, 300, plain.length]) {
    const file = Buffer.concat([gzipSync(plain.subarray(0, at)), gzipSync(plain.subarray(at))]);
    const { records, error } = await scan(temporaryFile(t, file));
    assert.equal(error, undefined);
    assert.equal(records.length, 3, `${at} bytes in the first`);
  }
});

test('two compressed captures in a row are two captures', async t => {
  const file = Buffer.concat([gzipSync(plain), gzipSync(plain)]);
  assert.equal((await scan(temporaryFile(t, file))).records.length, 6);
});

test('compressed nothing is an empty file', async t => {
  const path = temporaryFile(t, gzipSync(''));
  const { error } = await scan(path);
  assert.deepEqual([error?.code, error?.message], ['truncated', `Capture "${path}" is empty`]);
});

test('what is compressed twice is not a capture file', async t => {
  const path = temporaryFile(t, gzipSync(gzipSync(plain)));
  const { error } = await scan(path);
  assert.equal(error?.code, 'format');
  assert.equal(error.message, `Capture "${path}" is not a capture file (unknown file format)`);
});

test('damaged gzip data are told from data that end early', async t => {
  const file = gzipSync(plain, { level: 0 });
  // The checksum at the end.
  file[file.length - 8]! ^= 0xff;
  const path = temporaryFile(t, file);
  const { error } = await scan(path);
  assert.deepEqual([error?.code, error?.message], ['corrupt', `Capture "${path}" has damaged gzip data`]);
  const method = temporaryFile(t, Buffer.concat([Buffer.from([0x1f, 0x8b, 0x07]), file.subarray(3)]));
  assert.equal((await scan(method)).error?.code, 'corrupt');
});

test('compressions that cannot be undone here are named, with the command that can', async t => {
  const others: [string, string, string][] = [
    ['425a683931415926', 'bzip2', 'bzcat'],
    ['fd377a585a00000a', 'xz', 'xzcat'],
    ['28b52ffd04580000', 'zstd', 'zstdcat'],
  ];
  for (const [magic, name, command] of others) {
    const path = temporaryFile(t, Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(100)]));
    const { error } = await scan(path);
    assert.equal(error?.code, 'format');
    assert.equal(
      error.message,
      `Capture "${path}" is compressed with ${name}; decompress it first, as in "${command} FILE | spamlogd replay -"`,
    );
  }
});

test('a name that ends like a compression does not make one', async t => {
  for (const name of ['pflog.xz', 'pflog.zst', 'pflog.bz2']) {
    assert.equal((await scan(temporaryFile(t, plain, name))).records.length, 3, name);
  }
});
