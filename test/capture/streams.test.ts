import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { laterRecord, threeRecords } from '../../fixtures/format-captures.js';
import { pcap, pcapRecord } from '../../fixtures/savefile.js';
import { inTimeOrder, readSavefile, scanSavefile } from '../../src/capture/savefile.js';
import { read, scan } from './scan.js';
import { temporaryFile, temporaryFolder } from './temporary.js';

const plain = pcap(threeRecords());

function makeFifo(t: TestContext): string {
  const path = join(temporaryFolder(t), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Opens the writing end, which waits until the FIFO is read. */
function openWriter(path: string): Promise<FileHandle> {
  return open(path, 'w');
}

async function writeAndClose(path: string, ...pieces: Uint8Array[]): Promise<void> {
  const writer = await openWriter(path);
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
}

test('a FIFO is read from when somebody writes to it until nobody does', async t => {
  const path = makeFifo(t);
  const scanning = scan(path);
  await writeAndClose(path, plain);
  const { records, error } = await scanning;
  assert.equal(error, undefined);
  assert.equal(records.length, 3);
});

test('a writer may come first', async t => {
  const path = makeFifo(t);
  const writing = writeAndClose(path, plain);
  const { records } = await read(path);
  await writing;
  assert.equal(records.length, 3);
});

test('gzip is known in a FIFO too, though it comes byte by byte', async t => {
  const path = makeFifo(t);
  const scanning = scan(path);
  await writeAndClose(path, ...Array.from(gzipSync(plain), byte => Uint8Array.of(byte)));
  const { records, error } = await scanning;
  assert.equal(error, undefined);
  assert.equal(records.length, 3);
});

test('compressions that cannot be undone are named in a FIFO too', async t => {
  const path = makeFifo(t);
  const scanning = scan(path);
  await writeAndClose(path, Buffer.from('BZh91AY&SY'));
  assert.match((await scanning).error!.message, /is compressed with bzip2/);
});

test('a FIFO whose writer says nothing is an empty capture, one with a few bytes a cut one', async t => {
  const path = makeFifo(t);
  const endings: [Buffer, string][] = [
    [Buffer.alloc(0), 'is empty'],
    [plain.subarray(0, 3), 'ends inside the file header that begins at byte 0'],
    [plain.subarray(0, -1), `ends inside a record that begins at byte ${24 + 2 * 160}`],
    [gzipSync(plain).subarray(0, 40), 'ends inside its gzip data at byte 40'],
  ];
  for (const [bytes, message] of endings) {
    const scanning = scan(path);
    await writeAndClose(path, bytes);
    const { error } = await scanning;
    assert.deepEqual(
      [error?.code, error?.message],
      [bytes.length === 0 ? 'empty' : 'truncated', `Capture "${path}" ${message}`],
    );
  }
});

test('records of a growing pipe come when they are whole, not when it ends', async t => {
  const path = makeFifo(t);
  const records = readSavefile(path);
  const first = records.next();
  const writer = await openWriter(path);
  await writer.write(plain.subarray(0, 24 + 100));
  await writer.write(plain.subarray(24 + 100, 24 + 160));
  assert.equal((await first).value?.seconds, threeRecords()[0]!.seconds);
  const second = records.next();
  await writer.write(pcapRecord(laterRecord()));
  assert.equal((await second).value?.seconds, laterRecord().seconds);
  await writer.close();
  assert.equal((await records.next()).done, true);
});

test('progress of a pipe tells the bytes read, and no size', async t => {
  const path = makeFifo(t);
  const progress: [number, number | undefined][] = [];
  const scanning = scanSavefile(path, {
    onRecord: () => {},
    onProgress: (position, size) => void progress.push([position, size]),
  });
  await writeAndClose(path, plain);
  await scanning;
  assert.deepEqual(progress.at(-1), [plain.length, undefined]);
});

test('the reading of a FIFO that nobody writes to can be ended', async t => {
  const path = makeFifo(t);
  const stop = new AbortController();
  const scanning = scan(path, stop.signal);
  stop.abort();
  assert.deepEqual(await scanning, { records: [], error: undefined });
});

test('the reading of a FIFO that has gone quiet can be ended, compressed or not', async t => {
  for (const bytes of [plain, gzipSync(plain, { level: 0 }).subarray(0, -9)]) {
    const path = makeFifo(t);
    const stop = new AbortController();
    let count = 0;
    const scanning = scanSavefile(path, {
      signal: stop.signal,
      onRecord: () => {
        count++;
        // The parser has all that was written.
        if (count === 2) setImmediate(() => stop.abort());
      },
    });
    const writer = await openWriter(path);
    await writer.write(bytes);
    await scanning;
    assert.ok(count >= 2);
    await writer.close();
  }
});

test('what was ended before it began is not read', async t => {
  const { records, error } = await scan(makeFifo(t), AbortSignal.abort());
  assert.deepEqual({ records, error }, { records: [], error: undefined });
  assert.deepEqual(await scan(temporaryFile(t, plain), AbortSignal.abort()), {
    records: [],
    error: undefined,
  });
});

test('to put files in order a FIFO is not opened: its writer would lose what it wrote', async t => {
  const path = makeFifo(t);
  const file = temporaryFile(t, plain);
  let isOpen = false;
  const opening = openWriter(path).then(writer => {
    isOpen = true;
    return writer;
  });
  assert.deepEqual(await inTimeOrder([path, file]), [file, path]);
  for (let turn = 0; turn < 10; turn++) await stat(file);
  assert.equal(isOpen, false);
  const scanning = scan(path);
  const writer = await opening;
  await writer.write(plain);
  await writer.close();
  assert.equal((await scanning).records.length, 3);
});
