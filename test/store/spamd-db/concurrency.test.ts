import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { decodeValue } from '../../../src/store/spamd-db/value.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { NOW, temporaryFolder } from './helpers.js';
import { NO_LIBDB1, type Operation, startLibdb1 } from './libdb1.js';
import { sharedAddresses, uniqueAddresses } from './writer-addresses.js';

const CHILD = fileURLToPath(new URL('writer-child.js', import.meta.url));
const SHARED = 40;
const UNIQUE = 15;
const OURS = { writers: 3, batches: 40 };
const THEIRS = { writers: 2, batches: 60 };

async function writeAsUs(path: string, own: number): Promise<void> {
  const args = [path, 'flock', NOW, OURS.batches, SHARED, UNIQUE, own].map(String);
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
}

/** Sees the addresses through libdb1-compat, which locks the file for each batch as spamd does. */
async function writeAsLibdb1(path: string, own: number): Promise<void> {
  const libdb1 = await startLibdb1();
  assert.ok(libdb1);
  for (let batch = 0; batch < THEIRS.batches; batch++) {
    const addresses = [...sharedAddresses(SHARED), ...uniqueAddresses(UNIQUE, own, batch)];
    const operations = addresses.map(
      (address): Operation => ['see', Buffer.from(address).toString('hex'), NOW],
    );
    await libdb1.ask({ path, operations });
  }
  await libdb1.stop();
}

test('nothing that several of our processes and libdb1-compat write at once is lost', async t => {
  const probe = await startLibdb1();
  if (!probe) return t.skip(NO_LIBDB1);
  const path = join(await temporaryFolder(t), 'spamd');
  await writeFile(path, '');
  await probe.ask({ path, create: { bsize: 1024 } });
  await probe.stop();

  const ours = Array.from({ length: OURS.writers }, (_, own) => own);
  const theirs = Array.from({ length: THEIRS.writers }, (_, i) => OURS.writers + i);
  await Promise.all([
    ...ours.map(own => writeAsUs(path, own)),
    ...theirs.map(own => writeAsLibdb1(path, own)),
  ]);

  const file = new MemoryFile(await readFile(path));
  const counts = new Map(
    [...openHashFile(file)].map(pair => [String(Buffer.from(pair.key)), decodeValue(pair.value)!]),
  );
  const batches = OURS.writers * OURS.batches + THEIRS.writers * THEIRS.batches;
  for (const address of sharedAddresses(SHARED))
    assert.equal(counts.get(address)?.pcount, batches - 1, address);
  for (const [writers, count] of [
    [ours, OURS.batches],
    [theirs, THEIRS.batches],
  ] as const) {
    for (const own of writers) {
      for (let batch = 0; batch < count; batch++) {
        for (const address of uniqueAddresses(UNIQUE, own, batch))
          assert.equal(counts.get(address)?.pcount, 0, address);
      }
    }
  }
  assert.equal(counts.size, SHARED + UNIQUE * batches);
  assert.deepEqual(
    [...findProblems(file)].filter(({ severity }) => severity === 'damage'),
    [],
  );
});
