import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { threeRecords } from '../../fixtures/format-captures.js';
import { START } from '../../fixtures/record.js';
import { pcap } from '../../fixtures/savefile.js';
import { inTimeOrder } from '../../src/capture/savefile.js';
import { temporaryFile, temporaryFolder } from './temporary.js';

/** A capture whose first record is of this time. */
function captureAt(seconds: number, nanoseconds = 0): Buffer {
  const [record] = threeRecords();
  return pcap([{ ...record!, seconds, nanoseconds }], { format: 'nanoseconds' });
}

/** Files in a temporary folder, in the order of their names here. */
function write(t: TestContext, files: Record<string, Buffer | string>): string[] {
  const folder = temporaryFolder(t);
  return Object.entries(files).map(([name, bytes]) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  });
}

test('rotated files are put in the order of their first records, however they are given', async t => {
  const ordered = write(t, {
    'pflog.3.gz': gzipSync(captureAt(START)),
    'pflog.2.gz': gzipSync(captureAt(START + 3600)),
    'pflog.1': captureAt(START + 7200),
    'pflog.0': captureAt(START + 7200, 1000),
    pflog: captureAt(START + 9000),
  });
  const shuffled = fc.shuffledSubarray(ordered, { minLength: ordered.length });
  await fc.assert(
    fc.asyncProperty(shuffled, async given => {
      assert.deepEqual(await inTimeOrder(given), ordered);
    }),
    { numRuns: 40 },
  );
});

test('files of the same time stay as they were given', async t => {
  const paths = write(t, { b: captureAt(START), a: captureAt(START), c: captureAt(START) });
  assert.deepEqual(await inTimeOrder(paths), paths);
});

test('files without a readable record come first, as they were given, and standard input last', async t => {
  const [late, early, empty, headerOnly, text, packed] = write(t, {
    late: captureAt(START + 60),
    early: captureAt(START),
    empty: '',
    headerOnly: pcap([]),
    text: 'not a capture',
    packed: Buffer.from('BZh91AY&SY'),
  }) as [string, string, string, string, string, string];
  assert.deepEqual(await inTimeOrder(['-', late, text, early, packed, empty, headerOnly]), [
    text,
    packed,
    empty,
    headerOnly,
    early,
    late,
    '-',
  ]);
});

test('a single file is not looked at', async () => {
  assert.deepEqual(await inTimeOrder(['/nonexistent/pflog']), ['/nonexistent/pflog']);
  assert.deepEqual(await inTimeOrder([]), []);
});

test('a file that is not there is told before any is read', async t => {
  const good = temporaryFile(t, captureAt(START));
  const missing = join(temporaryFolder(t), 'pflog.0');
  await assert.rejects(inTimeOrder([good, missing]), {
    code: 'missing',
    message: `Cannot open capture "${missing}": no such file`,
  });
});
