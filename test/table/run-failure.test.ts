import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainBrokenRun, firstLine } from '../../src/table/run-failure.js';
import { createRunner } from '../../src/table/runner.js';

/** An error of the system. */
function systemError(code: string): Error {
  return Object.assign(new Error(`spawn pfctl ${code}`), { code });
}

test('each way in which a run breaks off has a code and words', () => {
  const explain = (code: string) =>
    explainBrokenRun('pfctl', { end: 'unstartable', cause: systemError(code) });
  assert.equal(explain('ENOENT').code, 'unavailable');
  assert.match(explain('ENOENT').words, /^there is no program pfctl here; name another --table, or none$/);
  assert.equal(explain('EACCES').code, 'permission');
  assert.match(explain('EPERM').words, /^pfctl may not be run by this user$/);
  assert.equal(explain('EMFILE').code, 'unavailable');
  assert.match(explain('EMFILE').words, /^pfctl cannot be run \(spawn pfctl EMFILE\)$/);
  assert.ok(explain('EMFILE').cause instanceof Error);
  assert.deepEqual(explainBrokenRun('nft', { end: 'killed', signal: 'SIGSEGV', stderr: '' }), {
    code: 'failed',
    words: 'nft was killed by SIGSEGV',
  });
});

test('of what a program says the first line that says something is kept, and not too much of it', () => {
  assert.equal(firstLine('\n  \n  first words  \nsecond\n'), 'it said "first words"');
  assert.equal(firstLine(''), 'it said nothing');
  assert.equal(firstLine('x'.repeat(10_000)).length, 'it said ""'.length + 200);
});

test('arguments that the system does not take are an answer, not an exception', async () => {
  const result = await createRunner()({ program: 'nft', args: ['\0'] });
  assert.equal(result.end, 'unstartable');
});
