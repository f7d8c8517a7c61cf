import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findAddon, LOCK, loadAddon } from '../../src/native/addon.js';

const skip = findAddon() === undefined && 'the native addon is not built';
const folder = mkdtempSync(join(tmpdir(), 'spamlogd-addon-'));
after(() => rmSync(folder, { recursive: true }));

test('a lock is refused while another open file holds it, and given when that is closed', { skip }, () => {
  const addon = loadAddon('locks');
  const path = join(folder, 'lock');
  writeFileSync(path, '');
  const [first, second] = [openSync(path, 'r+'), openSync(path, 'r+')];
  assert.equal(addon.tryFlock(first, LOCK.exclusive), true);
  assert.equal(addon.tryFlock(second, LOCK.exclusive), false);
  assert.equal(addon.tryFlock(second, LOCK.shared), false);
  closeSync(first);
  assert.equal(addon.tryFlock(second, LOCK.shared), true);
  assert.equal(addon.tryFlock(second, LOCK.unlock), true);
  closeSync(second);
});

test('a failed system call throws an error as Node throws its own', { skip }, () => {
  const addon = loadAddon('locks');
  assert.throws(() => addon.tryFlock(-1, LOCK.exclusive), {
    message: 'flock: Bad file descriptor',
    code: 'EBADF',
    syscall: 'flock',
  });
});

test('arguments of the wrong type throw a TypeError', { skip }, () => {
  const addon = loadAddon('everything') as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const [name, args] of [
    ['tryFlock', ['1', 2]],
    ['tryFlock', [1]],
    ['openSyslog', [1, 2]],
    ['openSyslog', ['spamlogd', {}]],
    ['openSyslog', ['spamlogd', 1]],
    ['writeSyslog', ['text']],
    ['writeSyslog', [6, 7]],
    ['drainSyslog', []],
    ['sendDatagram', ['path', undefined]],
    ['writeNow', [1, 'text']],
    ['writeNow', ['1', Buffer.from('text')]],
    ['lockBpf', []],
    ['bindLifeline', [3]],
    ['ignoreOverrun', [null]],
    ['forceReceiveBuffer', [1]],
  ] as const) {
    assert.throws(() => addon[name]!(...args), TypeError, name);
  }
});

test('a lock of another process is seen', { skip }, async () => {
  const path = join(folder, 'theirs');
  const theirs = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise(resolve => theirs.stdout.once('data', resolve));
  const fd = openSync(path, 'r+');
  assert.equal(loadAddon('locks').tryFlock(fd, LOCK.exclusive), false);
  theirs.stdin.end();
  await new Promise(resolve => theirs.once('exit', resolve));
  assert.equal(loadAddon('locks').tryFlock(fd, LOCK.exclusive), true);
  closeSync(fd);
});

test('what this system lacks is told apart from what failed', { skip }, () => {
  const addon = loadAddon('sockets');
  const fd = openSync(join(folder, 'plain'), 'w');
  if (process.platform === 'linux') {
    assert.equal(addon.lockBpf(fd), false);
    assert.throws(() => addon.bindLifeline(-1, process.pid), { code: 'EBADF', syscall: 'fcntl' });
    assert.throws(() => addon.ignoreOverrun(fd), { code: 'ENOTSOCK', syscall: 'NETLINK_NO_ENOBUFS' });
    assert.throws(() => addon.forceReceiveBuffer(fd, 1), { code: 'ENOTSOCK', syscall: 'SO_RCVBUFFORCE' });
  } else {
    assert.throws(() => addon.lockBpf(fd), { syscall: 'BIOCLOCK' });
    assert.equal(addon.openLifeline(), false);
    assert.equal(addon.ignoreOverrun(fd), false);
  }
  closeSync(fd);
});

test('a write to a full pipe that would wait takes nothing and returns', { skip }, () => {
  const { writeNow } = loadAddon('the log');
  const path = join(folder, 'fifo');
  spawnSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  const piece = Buffer.alloc(4096, 'x');
  let taken = 0;
  for (let last = -1; last !== 0; taken += last) last = writeNow(fd, piece);
  assert.ok(taken > 0 && taken % piece.length === 0, `${taken} bytes`);
  assert.equal(readSync(fd, Buffer.alloc(2 * piece.length)), 2 * piece.length);
  assert.equal(writeNow(fd, piece), piece.length);
  closeSync(fd);
  assert.throws(() => writeNow(-1, piece), { code: 'EBADF', syscall: 'fcntl' });
});

test('the sources of the addon name every function of its interface', () => {
  const sources = ['bpf', 'flock', 'lifeline', 'netlink', 'readiness', 'syslog', 'write'].map(name =>
    readFileSync(new URL(`../../../native-bindings/${name}.cc`, import.meta.url), 'utf8'),
  );
  const exported = sources.flatMap(text =>
    [...text.matchAll(/Export\(env, exports, "(\w+)"/g)].map(match => match[1]),
  );
  const declared = readFileSync(new URL('../../../src/native/addon.ts', import.meta.url), 'utf8')
    .match(/interface Addon \{(.+?)^\}/ms)![1]!
    .matchAll(/^ {2}(\w+)\(/gm);
  assert.deepEqual(exported.sort(), [...declared].map(match => match[1]).sort());
});

test('without the addon the error says what to do', async () => {
  const room = join(folder, 'dist/src/native');
  mkdirSync(room, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  copyFileSync(fileURLToPath(new URL('../../src/native/addon.js', import.meta.url)), join(room, 'addon.js'));
  const copy = await import(pathToFileURL(join(room, 'addon.js')).href);
  assert.equal(copy.findAddon(), undefined);
  assert.throws(() => copy.loadAddon('syslog'), {
    message: 'Cannot use syslog: the native addon is not built; run `npm run build:native`',
  });

  mkdirSync(join(folder, 'native-bindings/build/Release'), { recursive: true });
  writeFileSync(join(folder, 'native-bindings/build/Release/spamlogd.node'), 'not a shared object');
  assert.throws(
    () => copy.loadAddon('syslog'),
    /^Error: Cannot use syslog: the native addon does not load \(.+\);/,
  );
});
