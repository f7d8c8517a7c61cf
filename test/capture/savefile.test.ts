import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { threeRecords } from '../../fixtures/format-captures.js';
import type { FixtureRecord } from '../../fixtures/record.js';
import { pcap } from '../../fixtures/savefile.js';
import { readSavefile, scanSavefile } from '../../src/capture/savefile.js';
import { scan } from './scan.js';
import { temporaryFile } from './temporary.js';

/** Records of sizes from nothing to the largest, so that they lie across the borders of chunks in every way. */
function manyRecords(total: number): FixtureRecord[] {
  const [template] = threeRecords();
  const records: FixtureRecord[] = [];
  for (let size = 0, i = 0; size < total; i++) {
    const length = i % 97 === 96 ? 262_144 - (i % 5) : (i * 7919) % 1500;
    const bytes = Buffer.alloc(length, i);
    records.push({ ...template!, seconds: 1_700_000_000 + i, bytes, originalLength: length });
    size += 16 + length;
  }
  return records;
}

test('a file of many chunks gives every record once and whole, compressed or not', async t => {
  const expected = manyRecords(5_000_000);
  const file = pcap(expected);
  for (const path of [temporaryFile(t, file), temporaryFile(t, gzipSync(file, { level: 1 }))]) {
    let i = 0;
    await scanSavefile(path, {
      onRecord: ({ bytes, at, end, seconds, originalLength }) => {
        const { seconds: time, bytes: whole, originalLength: length } = expected[i]!;
        assert.equal(seconds, time);
        assert.equal(originalLength, length);
        assert.equal(Buffer.compare(bytes.subarray(at, end), whole), 0, `record ${i}`);
        i++;
      },
    });
    assert.equal(i, expected.length);
  }
});

test('records read one by one may be kept', async t => {
  const expected = manyRecords(2_000_000);
  const kept = [];
  for await (const record of readSavefile(temporaryFile(t, pcap(expected)))) kept.push(record);
  assert.equal(kept.length, expected.length);
  for (const [i, { bytes }] of kept.entries()) assert.equal(Buffer.compare(bytes, expected[i]!.bytes), 0);
});

test('progress goes up to the size of the file, and its promise is waited for', async t => {
  const file = pcap(manyRecords(3_000_000));
  const positions: number[] = [];
  let isWaiting = false;
  await scanSavefile(temporaryFile(t, file), {
    onRecord: () => assert.equal(isWaiting, false),
    onProgress: async (position, size) => {
      assert.equal(size, file.length);
      positions.push(position);
      isWaiting = true;
      await new Promise(resolve => setImmediate(resolve));
      isWaiting = false;
    },
  });
  assert.ok(positions.length > 1);
  assert.deepEqual(
    positions,
    [...positions].sort((a, b) => a - b),
  );
  assert.equal(positions.at(-1), file.length);
});

test('progress of a compressed file is in compressed bytes', async t => {
  const file = gzipSync(pcap(threeRecords()));
  const seen: [number, number | undefined][] = [];
  await scanSavefile(temporaryFile(t, file), {
    onRecord: () => {},
    onProgress: (position, size) => void seen.push([position, size]),
  });
  assert.deepEqual(seen, [[file.length, file.length]]);
});

test('a slow reader of compressed data that end early still gets all that was there', async t => {
  const [record] = threeRecords();
  const file = gzipSync(pcap(Array.from({ length: 20_000 }, () => record!)));
  let count = 0;
  const scanning = scanSavefile(temporaryFile(t, file.subarray(0, -4)), {
    onRecord: () => count++,
    // Long enough for the end of the file to be reached meanwhile.
    onProgress: async () => {
      for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve));
    },
  });
  await assert.rejects(scanning, { code: 'truncated' });
  assert.equal(count, 20_000);
});

test('reading ends between two chunks when it is told to, without an error', async t => {
  const records = manyRecords(3_000_000);
  for (const file of [pcap(records), gzipSync(pcap(records), { level: 1 })]) {
    const stop = new AbortController();
    let count = 0;
    await scanSavefile(temporaryFile(t, file), {
      signal: stop.signal,
      onRecord: () => {
        count++;
        if (count === 10) stop.abort();
      },
    });
    assert.ok(count >= 10 && count < records.length);
  }
});

test('an error of the caller comes through as it is', async t => {
  const path = temporaryFile(t, pcap(threeRecords()));
  const error = new Error('enough');
  const scanning = scanSavefile(path, {
    onRecord: () => {
      throw error;
    },
  });
  await assert.rejects(scanning, thrown => thrown === error);
});

test('the file may be one that says nothing of its size', {
  skip: process.platform !== 'linux',
}, async () => {
  // procfs says that its files have no bytes.
  const { error } = await scan('/proc/self/status');
  assert.equal(error?.code, 'format');
});
