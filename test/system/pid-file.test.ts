import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findAddon } from '../../src/native/addon.js';
import { claimPidFile } from '../../src/system/pid-file.js';

const folder = mkdtempSync(join(tmpdir(), 'spamlogd-pid-'));
after(() => rmSync(folder, { recursive: true }));
const MODULE = new URL('../../src/system/pid-file.js', import.meta.url).href;

/** A process that claims the file, says so or why not, and waits to be killed. */
async function claimant(path: string): Promise<{ child: ChildProcess; said: string }> {
  const script = `import { claimPidFile } from '${MODULE}';
    try { claimPidFile(process.argv[1]); console.log('claimed'); setInterval(() => {}, 1e6); }
    catch (error) { console.log(error.message); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await new Promise<string>(resolve =>
    child.stdout.once('data', data => resolve(`${data}`.trim())),
  );
  return { child, said };
}

function killed(child: ChildProcess): Promise<unknown> {
  const exit = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL');
  return exit;
}

test('the file holds the process id while it is claimed, and is gone afterwards', () => {
  const path = join(folder, 'plain.pid');
  const file = claimPidFile(path);
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  file.release();
  assert.equal(existsSync(path), false);
});

test('a second process is refused and told who has it; a file left by a dead one is taken over', async () => {
  const path = join(folder, 'second.pid');
  const first = await claimant(path);
  assert.equal(first.said, 'claimed');
  const second = await claimant(path);
  assert.equal(second.said, `Cannot claim pid file "${path}": process ${first.child.pid} holds it`);
  assert.throws(() => claimPidFile(path), { message: second.said });
  await killed(first.child);

  assert.equal(readFileSync(path, 'utf8'), `${first.child.pid}\n`);
  claimPidFile(path).release();
});

test('of several that start at once exactly one gets the file', async () => {
  const path = join(folder, 'race.pid');
  writeFileSync(path, '999999999\n');
  const all = await Promise.all(Array.from({ length: 4 }, () => claimant(path)));
  assert.equal(all.filter(({ said }) => said === 'claimed').length, 1);
  await Promise.all(all.filter(({ said }) => said === 'claimed').map(({ child }) => killed(child)));
});

test('the lock decides: a file that nobody has locked is stale, whatever process it names', {
  skip: findAddon() === undefined && 'the native addon is not built',
}, () => {
  const path = join(folder, 'unlocked.pid');
  writeFileSync(path, `${process.ppid}\n`);
  const file = claimPidFile(path);
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  file.release();
});

test('without locks a file that names a live process is held, but for one that is older than the process', {
  skip: process.platform !== 'linux' && 'needs proc(5)',
}, () => {
  const path = join(folder, 'reused.pid');
  writeFileSync(path, `${process.ppid}\n`);
  assert.throws(() => claimPidFile(path, null), /holds it$/);
  utimesSync(path, 1000, 1000);
  claimPidFile(path, null).release();
});

test('what is no process id is overwritten', () => {
  const path = join(folder, 'garbage.pid');
  for (const text of ['', '0', '-1', 'spamlogd', '12x', '1'.repeat(5000)]) {
    writeFileSync(path, text);
    const file = claimPidFile(path);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`, text);
    file.release();
  }
});

test('a link is not followed, and a folder that is missing is an error of one line', () => {
  const [target, path] = [join(folder, 'target'), join(folder, 'link.pid')];
  writeFileSync(target, 'precious');
  symlinkSync(target, path);
  assert.throws(() => claimPidFile(path), /^Error: Cannot write pid file ".+": ELOOP/);
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  assert.throws(
    () => claimPidFile(join(folder, 'none', 'a.pid')),
    /^Error: Cannot write pid file ".+": ENOENT/,
  );
});

test('a file that somebody else replaced is not removed', () => {
  const path = join(folder, 'replaced.pid');
  const file = claimPidFile(path);
  rmSync(path);
  writeFileSync(path, 'theirs');
  file.release();
  assert.equal(readFileSync(path, 'utf8'), 'theirs');
});
