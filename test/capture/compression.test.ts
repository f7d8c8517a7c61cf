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
  assert.deepEqual([error?.code, error?.message], ['empty', `Capture "${path}" is empty`]);
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

const MANY = 5000;

/** Many different records: what zlib has not handed out yet is a large part of them. */
function manyRecords(): Buffer {
  const [record] = threeRecords();
  const records = Array.from({ length: MANY }, (_, i) => {
    const bytes = Buffer.from(record!.bytes);
    bytes.writeUInt32LE((i * 2654435761) >>> 0, bytes.length - 4);
    return { ...record!, bytes };
  });
  return pcap(records);
}

test('what follows gzip data is told, and takes nothing from them', async t => {
  const file = gzipSync(manyRecords());
  for (const more of [Buffer.from('x'), Buffer.from('\0\0garbage'), Buffer.alloc(100_000, 'y')]) {
    const path = temporaryFile(t, Buffer.concat([file, more]));
    const { records, error } = await scan(path);
    assert.equal(records.length, MANY);
    const at = file.length + more.lastIndexOf(0) + 1;
    assert.equal(error?.code, 'trailing');
    assert.equal(error.message, `Capture "${path}" has other bytes behind its gzip data, at byte ${at}`);
  }
  const padded = await scan(temporaryFile(t, Buffer.concat([file, Buffer.alloc(512)])));
  assert.deepEqual([padded.records.length, padded.error], [MANY, undefined]);
});

test('a wrong checksum or length takes nothing from what came before', async t => {
  for (const behind of [8, 4]) {
    const file = gzipSync(manyRecords());
    file[file.length - behind]! ^= 1;
    const { records, error } = await scan(temporaryFile(t, file));
    assert.deepEqual([records.length, error?.code], [MANY, 'corrupt']);
  }
});

test('all records in front of damage are given', async t => {
  const plainBytes = manyRecords();
  // In a stored block: what is in front of the next block's header is whole.
  const file = gzipSync(plainBytes, { level: 0 });
  const second = 10 + 5 + 65_535;
  file[second]! = 0xff;
  const { records, error } = await scan(temporaryFile(t, file));
  const size = (plainBytes.length - 24) / MANY;
  assert.deepEqual([records.length, error?.code], [Math.floor((65_535 - 24) / size), 'corrupt']);
});

test('the optional parts of the header of a member are stepped over', async t => {
  const file = gzipSync(plain);
  const parts = Buffer.concat([
    Buffer.from([3, 0, 1, 2, 3]),
    Buffer.from('pflog\0a comment\0'),
    Buffer.from([0x12, 0x34]),
  ]);
  const whole = Buffer.concat([file.subarray(0, 10), parts, file.subarray(10)]);
  whole[3] = 0x1e;
  const { records, error } = await scan(temporaryFile(t, whole));
  assert.deepEqual([records.length, error], [3, undefined]);
  for (let cut = 0; cut < parts.length; cut++) {
    const { error: early } = await scan(temporaryFile(t, whole.subarray(0, 10 + cut)));
    assert.equal(early?.code, 'truncated', `${cut}`);
    assert.match(early.message, new RegExp(`at byte ${10 + cut}$`));
  }
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
