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

/** Starts an import and sends it the signal when it writes for so many times; gives what ended it. */
async function interrupt(
  path: string,
  text: string,
  signal: NodeJS.Signals,
  writes: number,
): Promise<unknown> {
  rmSync(path, { force: true });
  writeFileSync(path, '');
  const child = start(['import', '--database', `spamd:${path}`, text]);
  let seen = 0;
  const watcher = watch(path, () => {
    if (++seen === writes) child.kill(signal);
  });
  const [, ended] = await once(child, 'close');
  watcher.close();
  return ended;
}

async function leavesNothing(t: TestContext, signal: NodeJS.Signals): Promise<void> {
  const folder = temporaryFolder(t);
  const [path, text] = [join(folder, 'spamd'), join(folder, 'text')];
  writeFileSync(text, records());
  let interrupted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if ((await interrupt(path, text, signal, 20 + 200 * round)) === signal) interrupted++;
    const { status, stdout, stderr } = await run(['verify', `spamd:${path}`]);
    assert.deepEqual([status, stdout, stderr], [0, `spamd:${path}: in order\n`, ''], `round ${round}`);
  }
  assert.ok(interrupted > 0, 'no import was interrupted');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`an import into spamd's database that ${signal} ends while it writes leaves the file in order`, async t => {
    await leavesNothing(t, signal);
  });
}
