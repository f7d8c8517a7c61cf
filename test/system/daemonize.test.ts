import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findLauncher } from '../../src/system/daemonize.js';
import { until } from '../integration/running-daemon.js';

const folder = mkdtempSync(join(tmpdir(), 'spamlogd-daemon-'));
after(() => rmSync(folder, { recursive: true }));
const PROGRAM = fileURLToPath(new URL('daemon-program.js', import.meta.url));

function launch(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    cwd: folder,
    timeout: 20_000,
  });
  return { status, stderr };
}

test('the launcher ends with 0 once the daemon runs, which has let go of terminal and folder', () => {
  const file = join(folder, 'state.json');
  // A launcher whose daemon held on to a descriptor would never end for spawnSync.
  assert.deepEqual(launch('run', file), { status: 0, stderr: 'starting\n' });
  const state = JSON.parse(readFileSync(file, 'utf8'));
  try {
    assert.deepEqual({ cwd: state.cwd, environment: state.environment }, { cwd: '/', environment: [] });
    if (process.platform !== 'linux') return;
    for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${state.pid}/fd/${fd}`), '/dev/null');
    const [, , group, session] = readFileSync(`/proc/${state.pid}/stat`, 'utf8')
      .replace(/.*\)/, '')
      .trim()
      .split(' ');
    assert.deepEqual([group, session], [`${state.pid}`, `${state.pid}`]);
  } finally {
    process.kill(state.pid, 'SIGKILL');
  }
});

test('the daemon has a descriptor of its launcher by the same number, whichever that is', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  for (const fd of [3, 4, 9]) {
    const file = join(folder, `state-${fd}.json`);
    const script = `exec ${fd}<>/dev/full; exec "$0" "$@"`;
    const args = ['-c', script, process.execPath, PROGRAM, 'run', file, `${fd}`];
    const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8', cwd: folder, timeout: 20_000 });
    assert.deepEqual([status, stderr], [0, 'starting\n']);
    const { pid } = JSON.parse(readFileSync(file, 'utf8'));
    try {
      assert.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/full');
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  }
});

test('the launcher passes on the status, and what was said, of a daemon that did not start', () => {
  assert.deepEqual(launch('fail', ''), { status: 3, stderr: 'starting\n' });
});

test('a daemon that dies of a signal is a failure too', () => {
  assert.deepEqual(launch('die', ''), { status: 128 + 9, stderr: 'starting\n' });
});

test('a process that was not launched has no launcher', () => {
  assert.equal(findLauncher({}), undefined);
});

test('a signal to the launcher ends the daemon that has not given its word', async () => {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    const file = join(folder, `waiting-${signal}`);
    const launcher = spawn(process.execPath, [PROGRAM, 'wait', file], { cwd: folder, stdio: 'ignore' });
    const ended = once(launcher, 'exit');
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    const pid = Number(readFileSync(file, 'utf8'));
    launcher.kill(signal);
    assert.deepEqual(await ended, [128 + number, null]);
    assert.equal(readFileSync(file, 'utf8'), 'ended by SIGTERM');
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  }
});

test('a launcher that was killed does not end the daemon', async () => {
  const file = join(folder, 'abandoned');
  const launcher = spawn(process.execPath, [PROGRAM, 'late', file], { cwd: folder, stdio: 'ignore' });
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
  const pid = Number(readFileSync(file, 'utf8'));
  launcher.kill('SIGKILL');
  await until(() => readFileSync(file, 'utf8') === 'runs');
  process.kill(pid, 'SIGKILL');
});
