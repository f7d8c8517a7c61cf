import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { threeRecords } from '../../fixtures/format-captures.js';
import { pcap, pcapngInterface, pcapngPacket, pcapngSection } from '../../fixtures/savefile.js';
import { scan } from './scan.js';
import { temporaryFile } from './temporary.js';

const [first, second, third] = threeRecords() as [never, never, ReturnType<typeof threeRecords>[0]];

/** Cuts the file at every byte of its last record: the two records before count, and the warning tells where it begins. */
async function cutEverywhere(t: TestContext, file: Buffer, last: number): Promise<void> {
  const path = temporaryFile(t, file);
  for (let size = file.length - 1; size > last; size--) {
    truncateSync(path, size);
    const { records, error } = await scan(path);
    assert.equal(records.length, 2, `${size} bytes`);
    assert.equal(error?.code, 'truncated', `${size} bytes`);
    assert.equal(
      error.message,
      `Capture "${path}" ends inside a record that begins at byte ${last}`,
      `${size} bytes`,
    );
  }
  truncateSync(path, last);
  const { records, error } = await scan(path);
  assert.equal(records.length, 2);
  assert.equal(error, undefined);
}

test('a classic capture may end at any byte of its last record', async t => {
  for (const format of ['microseconds', 'kuznetzov'] as const) {
    const file = pcap([first, second, third], { format });
    await cutEverywhere(t, file, pcap([first, second], { format }).length);
  }
});

test('a pcapng capture may end at any byte of its last record', async t => {
  const head = Buffer.concat([
    pcapngSection(),
    pcapngInterface(117),
    pcapngPacket(0, 0n, first),
    pcapngPacket(0, 1n, second),
  ]);
  await cutEverywhere(t, Buffer.concat([head, pcapngPacket(0, 2n, third)]), head.length);
});

test('a file may end at any byte of its file header', async t => {
  const path = temporaryFile(t, pcap([]));
  for (let size = 23; size > 0; size--) {
    truncateSync(path, size);
    const { error } = await scan(path);
    assert.equal(error?.code, 'truncated');
    assert.equal(error.message, `Capture "${path}" ends inside the file header that begins at byte 0`);
  }
});

test('an empty file is told from one without records', async t => {
  const empty = temporaryFile(t, '');
  const { error } = await scan(empty);
  assert.deepEqual([error?.code, error?.message], ['empty', `Capture "${empty}" is empty`]);
  assert.deepEqual(await scan(temporaryFile(t, pcap([]))), { records: [], error: undefined });
});

test('gzip data may end anywhere: the records before count', async t => {
  const file = gzipSync(pcap([first, second, third]));
  const path = temporaryFile(t, file);
  let most = 0;
  for (let size = file.length - 1; size >= 2; size--) {
    truncateSync(path, size);
    const { records, error } = await scan(path);
    assert.equal(error?.code, 'truncated', `${size} bytes`);
    assert.equal(error.message, `Capture "${path}" ends inside its gzip data at byte ${size}`);
    assert.ok(records.length <= 3);
    most = Math.max(most, records.length);
  }
  assert.equal(most, 3, 'only the checksum was missing once');
});

test('a capture that was cut before it was compressed is cut all the same', async t => {
  const whole = pcap([first, second, third]);
  const path = temporaryFile(t, gzipSync(whole.subarray(0, -1)));
  const { records, error } = await scan(path);
  assert.equal(records.length, 2);
  assert.equal(
    error?.message,
    `Capture "${path}" ends inside a record that begins at byte ${pcap([first, second]).length}`,
  );
});
