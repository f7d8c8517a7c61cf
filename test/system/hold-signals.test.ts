import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('hold-program.js', import.meta.url));
const AGAIN = fileURLToPath(new URL('hold-again-program.js', import.meta.url));

interface Held {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly ended: Promise<unknown[]>;
}

async function startHeld(...args: string[]): Promise<Held> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const ended = once(child, 'close');
  await once(child.stdout!, 'data');
  return { child, text: () => text, ended };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends the process when the work is done`, async () => {
    const { child, text, ended } = await startHeld();
    child.kill(signal);
    // Whoever is not held is gone by then.
    await delay(100);
    child.stdin!.end();
    assert.deepEqual(await ended, [null, signal]);
    assert.equal(text(), 'working\ndone\n');
  });
}

test('a signal is not lost, whether work begins, goes on or ends just then', async () => {
  for (let i = 0; i < 20; i++) {
    const child = spawn(process.execPath, [AGAIN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    await delay(i);
    child.kill('SIGINT');
    const isLost = await Promise.race([delay(10_000, true, { ref: false }), ended.then(() => false)]);
    if (isLost) child.kill('SIGKILL');
    assert.deepEqual(await ended, [null, 'SIGINT']);
  }
});

test('a second signal ends it at once', async () => {
  const { child, text, ended } = await startHeld();
  child.kill('SIGINT');
  // One that comes before the first is told from it may be lost.
  while (await Promise.race([delay(100, true), ended.then(() => false)])) child.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  assert.equal(text(), 'working\n');
});

test('what is listened to is not held', async () => {
  const { child, text, ended } = await startHeld('listen');
  child.kill('SIGINT');
  await once(child.stdout!, 'data');
  child.stdin!.end();
  assert.deepEqual(await ended, [0, null]);
  assert.equal(text(), 'working\nheard\ndone\nafterwards\n');
});
