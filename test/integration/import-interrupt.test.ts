import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, start } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const RECORDS = 10_000;
const ROUNDS = 3;

/** Addresses in no order, so that a batch changes pages all over the file. */
function records(): string {
  const address = (i: number): string => {
    const mixed = Math.imul(i, 2_654_435_761) >>> 0;
    return [10, (mixed >>> 16) & 255, (mixed >>> 8) & 255, mixed & 255].join('.');
  };
  return Array.from({ length: RECORDS }, (_, i) => `WHITE|${address(i)}|||1|1|9999999999|1|0\n`).join('');
}

/** It has written all that it was given when nothing has happened for so long. */
const QUIET_MS = 1000;
const LONGEST_MS = 60_000;

/**
 * Has an import read from a pipe that stays open, and sends it the signal when it has been seen to write for so many
 * times, or writes no more; gives what ended it.
 */
async function interrupt(
  path: string,
  text: string,
  signal: NodeJS.Signals,
  writes: number,
): Promise<unknown> {
  rmSync(path, { force: true });
  writeFileSync(path, '');
  const child = start(['import', '--database', `spamd:${path}`, '-']);
  let isTold = false;
  // Once only: a second one would cut the write short.
  const stop = (): void => {
    if (!isTold) child.kill(signal);
    isTold = true;
  };
  let seen = 0;
  let quiet: NodeJS.Timeout | undefined;
  const watcher = watch(path, () => {
    clearTimeout(quiet);
    quiet = setTimeout(stop, QUIET_MS);
    if (++seen === writes) stop();
  });
  child.stdin!.on('error', () => {}).write(text);
  const tooLate = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
  const [, ended] = await once(child, 'close');
  clearTimeout(tooLate);
  clearTimeout(quiet);
  watcher.close();
  return ended;
}

async function leavesNothing(t: TestContext, signal: NodeJS.Signals): Promise<void> {
  const path = join(temporaryFolder(t), 'spamd');
  const text = records();
  for (let round = 0; round < ROUNDS; round++) {
    assert.equal(await interrupt(path, text, signal, 20 + 200 * round), signal);
    const { status, stdout, stderr } = await run(['verify', `spamd:${path}`]);
    assert.deepEqual([status, stdout, stderr], [0, `spamd:${path}: in order\n`, ''], `round ${round}`);
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`an import into spamd's database that ${signal} ends while it writes leaves the file in order`, async t => {
    await leavesNothing(t, signal);
  });
}
