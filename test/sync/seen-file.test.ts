import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { SeenFile } from '../../src/sync/seen-file.js';
import { SeenMessages } from '../../src/sync/seen-messages.js';
import { temporaryFolder } from '../support/folder.js';
import { TestLog } from './helpers.js';

const NOW = 1_700_000_000;
const WINDOW = 300;

function hmac(number: number): string {
  return `${number}`.padStart(20, '\xff');
}

function setUp(t: TestContext) {
  let running: SeenMessages | undefined;
  const close = async (): Promise<void> => running?.close();
  // Before the folder is removed.
  t.after(close);
  const path = join(temporaryFolder(t), 'spamd.sqlite.sync');
  const log = new TestLog();
  /** A memory as after a restart. */
  const restart = async (now: number, limit = 100): Promise<SeenMessages> => {
    await close();
    running = new SeenMessages(WINDOW, limit, new SeenFile(path, log));
    running.restore(now);
    return running;
  };
  return { path, log, restart, close };
}

test('what was accepted before a restart is seen after it, and after the next one', async t => {
  const { path, log, restart } = setUp(t);
  assert.equal((await restart(NOW)).see(hmac(1), NOW, NOW), 'unseen');
  assert.equal((await restart(NOW + 1)).see(hmac(2), NOW + 1, NOW + 1), 'unseen');
  const third = await restart(NOW + 2);
  assert.equal(third.see(hmac(1), NOW, NOW + 2), 'seen');
  assert.equal(third.see(hmac(2), NOW + 1, NOW + 2), 'seen');
  assert.equal(third.see(hmac(3), NOW + 1, NOW + 2), 'unseen');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(log.lines, []);
});

test('what was dropped for want of room is not accepted after a restart either', async t => {
  const { restart } = setUp(t);
  const seen = await restart(NOW, 4);
  for (let i = 0; i < 6; i++) assert.equal(seen.see(hmac(i), NOW + i, NOW + i), 'unseen');
  const again = await restart(NOW + 6, 4);
  assert.equal(again.see(hmac(0), NOW, NOW + 6), 'forgotten');
  assert.equal(again.see(hmac(9), NOW + 6, NOW + 6), 'unseen');
});

test('the file keeps what is remembered only', async t => {
  const { path, restart, close } = setUp(t);
  const seen = await restart(NOW);
  for (let i = 0; i < 50; i++) seen.see(hmac(i), NOW + 100 * i, NOW + 100 * i);
  await close();
  assert.ok(statSync(path).size <= 28 * 15, `${statSync(path).size} bytes`);
});

test('a record that was cut off is passed over, and one after it is not lost', async t => {
  const { path, restart } = setUp(t);
  (await restart(NOW)).see(hmac(1), NOW, NOW);
  appendFileSync(path, 'cut off');
  const second = await restart(NOW);
  assert.equal(second.see(hmac(1), NOW, NOW), 'seen');
  second.see(hmac(2), NOW, NOW);
  assert.equal((await restart(NOW)).see(hmac(2), NOW, NOW), 'seen');
});

test('whatever the file holds, it is read, and refuses no message for longer than the window', async t => {
  const { path, restart, close } = setUp(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async bytes => {
      await close();
      writeFileSync(path, bytes);
      const later = NOW + 3 * WINDOW;
      assert.equal((await restart(NOW)).see(hmac(1), later, later), 'unseen');
    }),
    { numRuns: 200 },
  );
});

test('a file that cannot be written is told once, and messages are remembered all the same', async t => {
  const { path, log, restart, close } = setUp(t);
  mkdirSync(path);
  const seen = await restart(NOW);
  assert.equal(seen.see(hmac(1), NOW, NOW), 'unseen');
  assert.equal(seen.see(hmac(1), NOW, NOW), 'seen');
  seen.see(hmac(2), NOW + 700, NOW + 700);
  await close();
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /^warn Sync: messages may be accepted again after a restart: ".*\.sync": E/);
});
