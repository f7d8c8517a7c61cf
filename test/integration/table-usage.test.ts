import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pflogCapture } from '../support/captures.js';
import { run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

async function refuses(args: string[], status: number, message: string): Promise<void> {
  const outcome = await run(args);
  assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [status, '', `spamlogd: ${message}\n`]);
}

test('table is told what to do, and with which table', async () => {
  await refuses(['table'], 64, '"table" needs show|diff|push');
  await refuses(['table', 'shwo', '--table=none'], 64, 'unknown operand "shwo"; did you mean "show"?');
  await refuses(['table', 'show', 'push'], 64, '"table" takes only show|diff|push');
  for (const verb of ['show', 'diff', 'push'])
    await refuses(['table', verb], 64, `"table ${verb}" needs --table`);
  await refuses(['table', 'show', '--push', '--table=none'], 64, 'option "--push" is not for "table"');
});

test('a table that cannot be is refused with what is wrong with it', async () => {
  const { stderr, status } = await run(['table', 'show', '--table=pf:spamd white']);
  assert.equal(status, 64);
  assert.match(stderr, /^spamlogd: option "--table" must be .*, not "pf:spamd white"/);
  for (const text of ['nft:inet:t', 'nft:arp:t:w4', 'iptables:x', `pf:${'x'.repeat(32)}`, 'pf:', ''])
    assert.equal((await run(['table', 'show', `--table=${text}`])).status, 64, text);
});

test('no database is no reason to make one', async t => {
  const database = join(temporaryFolder(t), 'none.sqlite');
  for (const verb of ['diff', 'push']) {
    const { status, stderr } = await run(['table', verb, '--table=none', '--database', database]);
    assert.equal(status, 66);
    assert.match(stderr, /^spamlogd: Cannot open .*none\.sqlite.*\n$/);
  }
});

test('replay --push needs a table, and reads nothing without one', async () => {
  const outcome = await run(['replay', '--push', '-'], { input: pflogCapture({}) });
  assert.deepEqual(
    [outcome.status, outcome.stdout, outcome.stderr],
    [64, '', 'spamlogd: option "--push" needs --table\n'],
  );
});
