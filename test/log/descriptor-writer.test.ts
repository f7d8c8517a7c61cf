import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DescriptorWriter } from '../../src/log/descriptor-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'spamlogd-log-'));
after(() => rmSync(folder, { recursive: true }));

const PROGRAM = fileURLToPath(new URL('failing-program.js', import.meta.url));

/** Runs the program, whose log is read only when it has filled what there is of room; gives its status and its log. */
async function runUnread(how: string, lines: number): Promise<{ status: number; log: string[] }> {
  const child = spawn(process.execPath, [PROGRAM, how, `${lines}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  await delay(400);
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [status] = await closed;
  return {
    status,
    log: text.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line).msg] : [])),
  };
}

for (const [how, expected] of [
  ['throw', 1],
  ['exit', 3],
] as const) {
  test(`a process that ends by ${how} leaves no line behind, in their order`, async () => {
    const { status, log } = await runUnread(how, 5000);
    assert.equal(status, expected);
    const last = how === 'throw' ? [log[5000]!] : [];
    assert.deepEqual(log, [...Array.from({ length: 5000 }, (_, i) => `line ${i}`), ...last]);
    if (how === 'throw') assert.match(last[0]!, /^Error: a defect at /);
  });
}

test('lines are written in their order, long ones whole, and none after the end', async () => {
  const path = join(folder, 'file');
  const fd = openSync(path, 'w');
  const writer = new DescriptorWriter(fd, 1 << 20);
  const lines = Array.from({ length: 1000 }, (_, i) => `${i} ${'ä'.repeat((i * i) % 9001)}\n`).slice(0, 150);
  for (const line of lines) writer.write(line);
  await writer.close();
  writer.write('too late\n');
  await writer.close();
  closeSync(fd);
  assert.equal(readFileSync(path, 'utf8'), lines.join(''));
  assert.equal(writer.dropped, 0);
});

test('what does not fit, and what the system refuses, is counted as dropped', {
  skip: !existsSync('/dev/full') && 'this system has no /dev/full',
}, async () => {
  const fd = openSync('/dev/full', 'w');
  const writer = new DescriptorWriter(fd, 100);
  for (let i = 0; i < 20; i++) writer.write('ten bytes\n');
  assert.equal(writer.dropped, 10);
  await writer.close();
  assert.equal(writer.dropped, 20);
  closeSync(fd);
});

test('lines of two processes that share a pipe are whole, however slow its reader is', async () => {
  const script = `(exec "$0" "$1" exit 3000 2>&1 & exec "$0" "$1" exit 3000 2>&1; wait) | (sleep 0.3; cat)`;
  const child = spawn('sh', ['-c', script, process.execPath, PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { pid: number; msg: string });
  const pids = [...new Set(lines.map(({ pid }) => pid))];
  assert.equal(pids.length, 2);
  for (const pid of pids) {
    const said = lines.filter(line => line.pid === pid).map(({ msg }) => msg);
    assert.deepEqual(
      said,
      Array.from({ length: 3000 }, (_, i) => `line ${i}`),
    );
  }
});
