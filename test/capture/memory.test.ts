import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { threeRecords } from '../../fixtures/format-captures.js';
import {
  pcapFileHeader,
  pcapngInterface,
  pcapngPacket,
  pcapngSection,
  pcapRecord,
} from '../../fixtures/savefile.js';
import { temporaryFolder } from './temporary.js';

const MIB = 2 ** 20;
/** Far less than the files are long, and more than Node itself and its garbage need. */
const LIMIT = 128 * MIB;
const SIZE = 160 * MIB;

const SCRIPT = `
  import { scanSavefile } from './dist/src/capture/savefile.js';
  let count = 0;
  await scanSavefile(process.argv[1], { onRecord: () => count++ });
  console.log(JSON.stringify({ count, rss: process.resourceUsage().maxRSS * 1024 }));
`;

/** Reads a capture in a process of its own; gives the records and the most memory that it had. */
async function measure(path: string, input?: AsyncIterable<Buffer>): Promise<{ count: number; rss: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, path], {
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'inherit'],
  });
  const output = text(child.stdout!);
  for await (const piece of input ?? []) {
    if (!child.stdin!.write(piece)) await once(child.stdin!, 'drain');
  }
  child.stdin?.end();
  return JSON.parse(await output) as { count: number; rss: number };
}

const [record] = threeRecords();
const one = pcapRecord(record!);
const perPiece = Math.floor(MIB / one.length);
const piece = Buffer.concat(new Array<Buffer>(perPiece).fill(one));
const pieces = Math.ceil(SIZE / piece.length);

/** Writes a head and the same piece many times. */
function writeFile(t: TestContext, head: Buffer, repeated: Buffer): string {
  const path = join(temporaryFolder(t), 'pflog');
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (let i = 0; i < pieces; i++) writeSync(file, repeated);
  closeSync(file);
  return path;
}

function check({ count, rss }: { count: number; rss: number }, expected: number): void {
  assert.equal(count, expected);
  assert.ok(rss < LIMIT, `${Math.round(rss / MIB)} MiB`);
}

test('a large file is read in little memory', async t => {
  check(await measure(writeFile(t, pcapFileHeader(), piece)), pieces * perPiece);
});

test('a large compressed file is read in little memory', async t => {
  const path = writeFile(t, gzipSync(pcapFileHeader()), gzipSync(piece));
  check(await measure(path), pieces * perPiece);
});

test('a large pcapng file is read in little memory', async t => {
  const packet = pcapngPacket(0, 1n, record!);
  const packets = Math.floor(MIB / packet.length);
  const head = Buffer.concat([pcapngSection(), pcapngInterface(117)]);
  const path = writeFile(t, head, Buffer.concat(new Array<Buffer>(packets).fill(packet)));
  check(await measure(path), pieces * packets);
});

test('a large stream is read in little memory', async () => {
  async function* stream(): AsyncGenerator<Buffer> {
    yield pcapFileHeader();
    for (let i = 0; i < pieces; i++) yield piece;
  }
  check(await measure('-', stream()), pieces * perPiece);
});
