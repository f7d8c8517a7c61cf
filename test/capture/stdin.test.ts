import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { threeRecords } from '../../fixtures/format-captures.js';
import { pcap } from '../../fixtures/savefile.js';
import { temporaryFile } from './temporary.js';

const SCRIPT = `
  import { scanSavefile } from './dist/src/capture/savefile.js';
  let count = 0;
  try {
    await scanSavefile('-', { onRecord: () => count++ });
    console.log(count);
  } catch (error) {
    console.log(count, error.code, error.message);
  }
`;

/** What a program says that reads standard input: a descriptor, or bytes through a pipe. */
async function readStdin(input: number | readonly Uint8Array[]): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    stdio: [typeof input === 'number' ? input : 'pipe', 'pipe', 'inherit'],
  });
  if (typeof input !== 'number') {
    child.stdin!.on('error', () => {});
    for (const piece of input) child.stdin!.write(piece);
    child.stdin!.end();
  }
  const exited = once(child, 'close');
  const output = await text(child.stdout!);
  await exited;
  return output.trim();
}

const plain = pcap(threeRecords());

test('standard input may be a pipe, compressed or not', async () => {
  assert.equal(await readStdin([plain.subarray(0, 50), plain.subarray(50)]), '3');
  assert.equal(await readStdin([gzipSync(plain)]), '3');
});

test('standard input may be a file, compressed or not', async t => {
  for (const bytes of [plain, gzipSync(plain)]) {
    const descriptor = openSync(temporaryFile(t, bytes), 'r');
    assert.equal(await readStdin(descriptor), '3');
    closeSync(descriptor);
  }
});

test('errors name standard input as such', async () => {
  const nothing = openSync('/dev/null', 'r');
  assert.equal(await readStdin(nothing), '0 empty Capture standard input is empty');
  closeSync(nothing);
  assert.equal(
    await readStdin([plain.subarray(0, -1)]),
    `2 truncated Capture standard input ends inside a record that begins at byte ${24 + 2 * 160}`,
  );
  assert.equal(
    await readStdin([Buffer.from('hello world')]),
    '0 format Capture standard input is not a capture file (unknown file format)',
  );
});
