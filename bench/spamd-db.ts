// The real spamd's database: a batch beside what spamlogd does for each address, how long the lock is held, a listing.

import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../test/store/spamd-db/random.js';
import type { BatchTimes } from './spamd-db-batch.js';

const ENTRIES = 100_000;
const REFRESHED = 10_000;
const ROUNDS = 15;
const LIBRARY = '/lib/libdb1.so.2';
const LOOP_SOURCE = fileURLToPath(new URL('../../bench/spamd-db-loop.c', import.meta.url));
const BATCH_PROGRAM = fileURLToPath(new URL('spamd-db-batch.js', import.meta.url));
const LIST_PROGRAM = fileURLToPath(new URL('spamd-db-list.js', import.meta.url));

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

function randomAddresses(count: number): string[] {
  const random = seededRandom(1);
  const addresses = new Set<string>();
  while (addresses.size < count)
    addresses.add([random(223) + 1, random(256), random(256), random(256)].join('.'));
  return [...addresses];
}

/** So many of the values, chosen and ordered by chance alone: no two of them share a page more often than others. */
function choose<T>(values: readonly T[], count: number): T[] {
  const random = seededRandom(2);
  const chosen = [...values];
  for (let i = 0; i < count; i++) {
    const other = i + random(chosen.length - i);
    [chosen[i], chosen[other]] = [chosen[other]!, chosen[i]!];
  }
  return chosen.slice(0, count);
}

/** Seconds that a program took, its output going nowhere. */
function timeProgram(program: string, args: readonly string[]): number {
  const output = openSync('/dev/null', 'w');
  const begin = performance.now();
  execFileSync(program, args, { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  return (performance.now() - begin) / 1000;
}

/** A process that refreshes addresses when it is asked to. */
class BatchProcess {
  readonly #child: ChildProcess;

  constructor(loop: string, path: string) {
    this.#child = fork(BATCH_PROGRAM, [loop, path]);
  }

  refresh(addresses: readonly string[]): Promise<BatchTimes> {
    return new Promise((resolve, reject) => {
      this.#child.removeAllListeners();
      this.#child.once('message', times => resolve(times as BatchTimes));
      this.#child.once('exit', status => reject(new Error(`${BATCH_PROGRAM} ended with status ${status}`)));
      this.#child.send(addresses);
    });
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

async function compare(folder: string, loop: string, pageBytes: number): Promise<void> {
  const addresses = randomAddresses(ENTRIES);
  const refreshed = choose(addresses, REFRESHED);
  const lines = `${refreshed.join('\n')}\n`;
  const filled = join(folder, `filled-${pageBytes}`);
  execFileSync(loop, ['fill', filled, String(pageBytes)], { input: `${addresses.join('\n')}\n` });
  const [ours, theirs] = [`${filled}-ours`, `${filled}-theirs`];
  await copyFile(filled, ours);
  await copyFile(filled, theirs);

  const batch = new BatchProcess(loop, ours);
  const batches: BatchTimes[] = [];
  const loops: { readonly written: number; readonly durable: number }[] = [];
  const lists: number[] = [];
  const dumps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    batches.push(await batch.refresh(refreshed));
    const [written = 0, durable = 0] = String(execFileSync(loop, ['each', theirs], { input: lines }))
      .split(' ')
      .map(Number);
    loops.push({ written, durable });
    lists.push(timeProgram(process.execPath, [LIST_PROGRAM, filled]));
    dumps.push(timeProgram('db_dump185', [filled]));
  }
  await batch.close();

  const each = median(loops.map(({ written }) => written));
  const loopDurable = median(loops.map(({ durable }) => durable));
  const locked = median(batches.map(batch => batch.locked));
  const written = median(batches.map(batch => batch.written));
  const durable = median(batches.map(batch => batch.durable));
  const longest = Math.max(...batches.map(batch => batch.locked));
  const [list, dump] = [median(lists), median(dumps)];
  const report = (what: string, seconds: number, more = ''): void =>
    console.log(`  ${what.padEnd(62)}${(seconds * 1000).toFixed(1).padStart(7)} ms  ${more}`);
  console.log(`pages of ${pageBytes} bytes, ${ENTRIES} entries, medians of ${ROUNDS} rounds`);
  report(`${REFRESHED} entries refreshed one by one by libdb1-compat`, each);
  report('in one batch by us, under the lock', locked, `${(each / locked).toFixed(1)} x faster (goal 20)`);
  report('from the call until the lock is gone', written, `${(each / written).toFixed(1)} x faster`);
  report('one by one by libdb1-compat, and one fsync', loopDurable);
  report(
    'in one batch by us, until it is on the disk',
    durable,
    `${(loopDurable / durable).toFixed(1)} x faster`,
  );
  report('the longest time that a batch held the lock', longest, '(goal 250 ms)');
  report('listed by a process of ours', list, `${(list / dump).toFixed(1)} x db_dump185 (goal 3)`);
  report('dumped by db_dump185', dump);
}

const folder = await mkdtemp(join(tmpdir(), 'spamd-db-'));
try {
  if (!existsSync(LIBRARY)) throw new Error('The bench of spamd-db needs Linux and libdb1-compat');
  const loop = join(folder, 'loop');
  execFileSync('cc', ['-O2', '-o', loop, LOOP_SOURCE, LIBRARY]);
  for (const pageBytes of [4096, 16_384, 32_768]) await compare(folder, loop, pageBytes);
} finally {
  await rm(folder, { recursive: true });
}
