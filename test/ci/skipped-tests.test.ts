import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/folder.js';

const CHECK = fileURLToPath(new URL('../../../.ci/no-skipped-tests', import.meta.url));
const skip = spawnSync('bash', ['--version']).status !== 0 && 'bash is not installed here';

const PLAIN = "test('plain', () => {});";
const PERMITTED = "test('permitted', { skip: 'these sets have no timeouts' }, () => {});";

/** What the runner says of these tests, and what the check says to that. */
function check(t: TestContext, tests: string, reporter: string): { status: number | null; output: string } {
  const folder = temporaryFolder(t);
  const file = join(folder, 'some.test.mjs');
  writeFileSync(file, `import { describe, test } from 'node:test';\n${tests}\n`);
  // Without what tells a runner that it is a child of another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const said = spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, file], {
    encoding: 'utf8',
    env,
  });
  const log = join(folder, 'log');
  writeFileSync(log, said.stdout);
  const { status, stdout, stderr } = spawnSync('bash', [CHECK, log], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('no skipped test, or one that may be: the check is content', { skip }, t => {
  assert.deepEqual(check(t, PLAIN, 'tap'), { status: 0, output: '' });
  assert.deepEqual(check(t, `${PLAIN}${PERMITTED}`, 'tap'), { status: 0, output: '' });
  assert.deepEqual(check(t, `describe('some', () => { ${PLAIN}${PERMITTED} });`, 'tap'), {
    status: 0,
    output: '',
  });
  assert.deepEqual(check(t, PLAIN, 'spec'), { status: 0, output: '' });
});

test('a skipped test fails the check, and is named', { skip }, t => {
  for (const tests of [
    "test('needs more', { skip: 'needs root' }, () => {});",
    "test('needs more', t => t.skip('needs root'));",
    "test('above', async t => { await t.test('needs more', { skip: 'needs root' }, () => {}); });",
    "describe('above', () => { test('needs more', { skip: 'needs root' }, () => {}); });",
    "describe('needs more', { skip: 'needs root' }, () => { test('below', () => {}); });",
  ]) {
    const { status, output } = check(t, `${PLAIN}${PERMITTED}${tests}`, 'tap');
    assert.equal(status, 1, tests);
    assert.match(
      output,
      /needs more # SKIP needs root\n[\s\S]*live tests were skipped: \d+ in all\n$/,
      tests,
    );
  }
  const { status, output } = check(t, "test('needs more', { skip: true }, () => {});", 'tap');
  assert.equal(status, 1);
  assert.match(output, /needs more # SKIP\n/);
});

test('whatever the reporter writes, a skipped test does not pass unnoticed', { skip }, t => {
  for (const tests of ["test('needs more', { skip: 'needs root' }, () => {});", PERMITTED])
    assert.equal(check(t, tests, 'spec').status, 1, tests);
  const { status, output } = check(t, PLAIN, 'dot');
  assert.equal(status, 1);
  assert.match(output, /does not say how many tests were skipped\n$/);
});
