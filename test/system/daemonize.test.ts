import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findLauncher } from '../../src/system/daemonize.js';

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
