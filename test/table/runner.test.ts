import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { createRunner, type RunRequest } from '../../src/table/runner.js';

/** Runs a piece of JavaScript in place of nft. */
function runScript(script: string, request: Partial<RunRequest> = {}, options = {}) {
  const runner = createRunner({ commands: { nft: [process.execPath, '-e', script, '--'] }, ...options });
  return runner({ program: 'nft', args: [], ...request });
}

test('arguments and standard input arrive as they are, output and status come back', async () => {
  const script = `
    let text = '';
    process.stdin.on('data', chunk => (text += chunk)).on('end', () => {
      console.log(JSON.stringify(process.argv.slice(1)), text.length, text.slice(-3));
      console.error('words');
      process.exitCode = 3;
    });`;
  const input = Array.from({ length: 50 }, (_, i) => `${i}\n`.repeat(10_000));
  const result = await runScript(script, { args: ['a b', '$HOME', '"', ''], input });
  assert.deepEqual(result, {
    end: 'exited',
    status: 3,
    stdout: `["a b","$HOME","\\"",""] ${input.join('').length} 49\n\n`,
    stderr: 'words\n',
  });
});

test('a child that does not read its input ends with its own status', async () => {
  const input = ['x'.repeat(1 << 20), 'y'.repeat(1 << 20)];
  const result = await runScript('process.exit(7)', { input });
  assert.deepEqual(result, { end: 'exited', status: 7, stdout: '', stderr: '' });
});

test('output goes to whoever takes it', async () => {
  const pieces: string[] = [];
  const script = "process.stdout.write('é'.repeat(100000))";
  const result = await runScript(script, { onOutput: text => pieces.push(text) });
  assert.deepEqual(result, { end: 'exited', status: 0, stdout: '', stderr: '' });
  assert.equal(pieces.join(''), 'é'.repeat(100_000));
});

test('a child that is late is killed', async () => {
  const result = await runScript('setInterval(() => {}, 1000)', {}, { deadlineSeconds: 0.2 });
  assert.deepEqual(result, { end: 'late', seconds: 0.2 });
});

test('a child whose own children keep its output open ends with it', async () => {
  const script = `
    require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'], { stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const result = await runScript(script, {}, { deadlineSeconds: 0.3 });
  assert.deepEqual(result, { end: 'late', seconds: 0.3 });
});

test('a child that says too much is killed', async () => {
  const script = "for (;;) require('node:fs').writeSync(1, 'x'.repeat(65536))";
  const result = await runScript(script, {}, { outputLimitBytes: 1 << 20 });
  assert.deepEqual(result, { end: 'flooded', limitBytes: 1 << 20 });
});

test('of a flood of complaints the first part is kept', async () => {
  const result = await runScript("process.stderr.write('first ' + 'x'.repeat(1 << 22))");
  assert.ok(result.end === 'exited');
  assert.match(result.stderr, /^first x+$/);
  assert.ok(result.stderr.length <= 65_536);
});

test('a child that someone else kills says by which signal', async () => {
  const result = await runScript("process.kill(process.pid, 'SIGTERM')");
  assert.deepEqual(result, { end: 'killed', signal: 'SIGTERM', stderr: '' });
});

test('a program that is not there or may not be run is an answer, not an exception', async () => {
  const missing = await createRunner({ commands: { nft: ['/nonexistent/nft'] } })({
    program: 'nft',
    args: [],
  });
  assert.ok(missing.end === 'unstartable');
  assert.equal((missing.cause as NodeJS.ErrnoException).code, 'ENOENT');
  const forbidden = await createRunner({ commands: { nft: ['/etc/passwd'] } })({
    program: 'nft',
    args: [],
    input: ['x'],
  });
  assert.ok(forbidden.end === 'unstartable');
  assert.equal((forbidden.cause as NodeJS.ErrnoException).code, 'EACCES');
});

test('nothing of the environment is handed on', async () => {
  process.env['SPAMLOGD_TEST_SECRET'] = 'x';
  const result = await runScript('console.log(JSON.stringify(process.env), process.cwd())');
  delete process.env['SPAMLOGD_TEST_SECRET'];
  assert.ok(result.end === 'exited');
  const [, environment = '', cwd] = /^(.*) (\S+)\n$/.exec(result.stdout) ?? [];
  assert.deepEqual(Object.keys(JSON.parse(environment)).sort(), ['LC_ALL', 'PATH']);
  assert.equal(cwd, '/');
});

test('an open /dev/pf is inherited by pfctl, and only by pfctl', async t => {
  const pfDeviceFd = openSync('/dev/null', 'r+');
  t.after(() => closeSync(pfDeviceFd));
  const script = `
    let is;
    try { is = require('node:fs').fstatSync(3).isCharacterDevice(); } catch (error) { is = error.code; }
    console.log(process.argv.slice(1).join(' '), is);`;
  const command = [process.execPath, '-e', script, '--'] as const;
  const runner = createRunner({ commands: { pfctl: command, nft: command }, pfDeviceFd });
  const pfctl = await runner({ program: 'pfctl', args: ['-s', 'info'] });
  assert.ok(pfctl.end === 'exited');
  assert.equal(pfctl.stdout, '-p /dev/fd/3 -s info true\n');
  const nft = await runner({ program: 'nft', args: ['list'] });
  assert.ok(nft.end === 'exited');
  assert.match(nft.stdout, /^list /);
});
