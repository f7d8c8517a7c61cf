import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { findAddon } from '../../src/native/addon.js';
import { isRoot } from '../../src/system/privileges.js';
import { isAlive, until } from '../integration/running-daemon.js';

const MODULE = new URL('../../src/capture/capture-lifeline.js', import.meta.url).href;
const NOBODY = 65_534;
const ACCOUNT = isRoot() ? { name: 'nobody', uid: NOBODY, gid: NOBODY } : undefined;

/** Starts a program that stands still and ties it to itself; says what was broken, and ends it on a line of input. */
const HOLDER = `
  import { spawn } from 'node:child_process';
  import { openLifeline } from '${MODULE}';
  const [account, without] = process.argv.slice(1).map(text => JSON.parse(text));
  const options = { account: account ?? undefined, onBroken: reason => console.log('broken: ' + reason) };
  const lifeline = without ? openLifeline(options, null) : openLifeline(options);
  const ids = account === null ? {} : { uid: account.uid, gid: account.gid };
  const stdio = ['ignore', 'ignore', 'ignore', lifeline.descriptor];
  const program = spawn('sleep', ['300'], { detached: true, stdio, ...ids });
  lifeline.bind(program.pid);
  program.once('exit', (code, signal) => { console.log('ended by ' + signal); lifeline.release(); });
  process.stdin.once('data', () => program.kill('SIGTERM'));
  process.stdin.once('end', () => {});
  console.log(program.pid);`;

/** A process that holds a program, and the lines that it says. */
async function hold(isWithoutAddon: boolean): Promise<{ holder: ChildProcess; pid: number; said: string[] }> {
  const args = [JSON.stringify(ACCOUNT ?? null), JSON.stringify(isWithoutAddon)];
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  const lines = createInterface(holder.stdout!);
  lines.on('line', line => said.push(line));
  await once(lines, 'line');
  return { holder, pid: Number(said.shift()), said };
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

const isLinux = process.platform === 'linux';
const WAYS = [
  [
    'by the kernel',
    false,
    isLinux ? findAddon() === undefined && 'the native addon is not built' : 'needs Linux',
  ],
  ['by a process beside it', true, !isLinux && 'needs proc(5)'],
] as const;

for (const [way, isWithoutAddon, skip] of WAYS) {
  test(`a program is ended ${way} when whoever holds it is killed`, { skip }, async () => {
    const { holder, pid } = await hold(isWithoutAddon);
    const beside = childrenOf(holder.pid!).filter(child => child !== pid);
    assert.equal(beside.length, isWithoutAddon ? 1 : 0);
    for (const child of beside) {
      const uids = /^Uid:\s*(.+)$/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))![1]!.split('\t');
      assert.deepEqual(new Set(uids.map(Number)), new Set([ACCOUNT?.uid ?? process.getuid!()]));
    }
    // One that stands still is ended as well.
    process.kill(pid, 'SIGSTOP');
    holder.kill('SIGKILL');
    await until(() => ![pid, ...beside].some(isAlive));
  });

  test(`a program that ends by itself leaves nothing of what would have ended it ${way}`, {
    skip,
  }, async () => {
    const { holder, pid, said } = await hold(isWithoutAddon);
    const beside = childrenOf(holder.pid!).filter(child => child !== pid);
    holder.stdin!.write('end it\n');
    await until(() => said.length > 0);
    await until(() => !beside.some(isAlive));
    assert.deepEqual(said, ['ended by SIGTERM']);
    holder.stdin!.end();
    assert.deepEqual(await once(holder, 'exit'), [0, null]);
  });
}

test('when the process beside it is killed, whoever holds the program is told', {
  skip: !isLinux && 'needs proc(5)',
}, async () => {
  const { holder, pid, said } = await hold(true);
  const [beside] = childrenOf(holder.pid!).filter(child => child !== pid);
  process.kill(beside!, 'SIGKILL');
  await until(() => said.length > 0);
  assert.deepEqual(said, ['broken: the process that would end tcpdump with us has ended']);
  process.kill(pid, 'SIGKILL');
  await until(() => said.length > 1);
  holder.stdin!.end();
  await once(holder, 'exit');
});
