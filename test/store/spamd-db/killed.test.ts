import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { decodeValue } from '../../../src/store/spamd-db/value.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import type { Entry } from '../../../src/whitelist/entry.js';
import { databaseOf, entry, NOW, temporaryFolder, WHITEEXP } from './helpers.js';
import { startLibdb1 } from './libdb1.js';
import { seededRandom } from './random.js';
import { sharedAddresses, uniqueAddresses } from './writer-addresses.js';

const CHILD = fileURLToPath(new URL('writer-child.js', import.meta.url));
const KILLS = 200;
const SHARED = 400;
const UNIQUE = 60;
const LONGEST_MS = 15;

type Entries = ReadonlyMap<string, Entry>;

/** Lets a writer finish so many batches, and kills it some time later; gives how many it finished. */
async function killWriter(path: string, own: number, batches: number, afterMs: number): Promise<number> {
  const args = [path, 'none', NOW + own, 1e6, SHARED, UNIQUE, own].map(String);
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  child.stdout.on('data', (text: Buffer) => {
    lines += String(text).split('\n').length - 1;
  });
  while (lines <= batches) await once(child.stdout, 'data');
  await delay(afterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  return lines - 1;
}

function readEntries(file: MemoryFile): Entries {
  return new Map(
    [...openHashFile(file)].map(({ key, value }) => [String(Buffer.from(key)), decodeValue(value)!]),
  );
}

/** Asserts that a killed writer's file has everything from before, and all of its finished batches. */
function checkFile(file: MemoryFile, before: Entries, own: number, finished: number): Entries {
  const damage = [...findProblems(file)].filter(({ severity }) => severity === 'damage');
  assert.deepEqual(
    damage.filter(({ text }) => !text.includes('belongs in')),
    [],
  );
  const after = readEntries(file);
  const shared = new Set(sharedAddresses(SHARED));
  for (const [address, was] of before) {
    const is = after.get(address);
    assert.ok(is, `${address} is still there`);
    if (!shared.has(address)) {
      assert.deepEqual(is, was);
      continue;
    }
    const seen = is.pcount - was.pcount;
    assert.ok(
      seen === finished || seen === finished + 1,
      `${address} was seen ${seen} times, not ${finished}`,
    );
    const expire = seen === 0 ? was.expire : NOW + own + WHITEEXP;
    assert.deepEqual(is, { ...was, expire, pcount: was.pcount + seen });
  }
  for (let batch = 0; batch < finished; batch++) {
    for (const address of uniqueAddresses(UNIQUE, own, batch)) assert.ok(after.has(address), address);
  }
  return after;
}

/** What became of the batches of killed writers. */
interface Tally {
  readonly finished: number;
  /** Those of which the file has a part or all, though nobody was told. */
  readonly begun: number;
}

/** Lets writers work on one file, one after the other, and kills each. */
async function killWriters(path: string, kills: number, seed: number): Promise<Tally> {
  const start = sharedAddresses(SHARED).map(address => [address, entry()] as const);
  await writeFile(path, databaseOf(start).bytes);
  const libdb1 = await startLibdb1();
  const random = seededRandom(seed);
  let entries: Entries = new Map(start);
  const tally = { finished: 0, begun: 0 };
  try {
    for (let own = 0; own < kills; own++) {
      const finished = await killWriter(path, own, random(3), random(LONGEST_MS * 100) / 100);
      const before = entries;
      entries = checkFile(new MemoryFile(await readFile(path)), before, own, finished);
      tally.finished += finished;
      const seen = sharedAddresses(SHARED).map(name => entries.get(name)!.pcount - before.get(name)!.pcount);
      if (seen.some(count => count > finished) || entries.size > before.size + finished * UNIQUE)
        tally.begun++;
      if (!libdb1 || own % 20 !== 19) continue;
      const { dump } = await libdb1.ask({ path, dump: true });
      assert.deepEqual(
        new Set(dump.map(([key]) => String(Buffer.from(key, 'hex')))),
        new Set(entries.keys()),
      );
    }
  } finally {
    await libdb1?.stop();
  }
  return tally;
}

test(`writers killed ${KILLS} times at any moment lose and damage nothing`, async t => {
  const folder = await temporaryFolder(t);
  const lanes = [1, 2].map(seed => killWriters(join(folder, `spamd${seed}`), KILLS / 2, seed));
  const tallies = await Promise.all(lanes);
  const [finished, begun] = [
    tallies[0]!.finished + tallies[1]!.finished,
    tallies[0]!.begun + tallies[1]!.begun,
  ];
  t.diagnostic(
    `${finished} batches were finished; of ${KILLS} that were not, ${begun} were at least in part in the file`,
  );
  assert.ok(finished > 0 && begun > 0);
});
