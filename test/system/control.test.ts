import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { askDaemon, readDaemon } from '../../src/system/control-client.js';
import { openControlServer, TextAnswer } from '../../src/system/control-server.js';

const folder = mkdtempSync(join(tmpdir(), 'spamlogd-control-'));
after(() => rmSync(folder, { recursive: true }));

test('the daemon answers what it is asked, to its owner alone', async () => {
  const path = join(folder, 'plain.sock');
  const previous = process.umask(0);
  const server = await openControlServer(path, {
    'GET /status': async () => ({ packets: 7 }),
    'POST /reload': () => {
      throw new Error('option "port": not a number');
    },
  });
  assert.equal(process.umask(previous), 0, 'the umask is as it was');
  assert.equal(statSync(path).mode & 0o777, 0o600);

  assert.deepEqual(await askDaemon(path, 'GET', '/status'), { packets: 7 });
  await assert.rejects(askDaemon(path, 'POST', '/reload'), {
    message: `Cannot ask the daemon at "${path}": option "port": not a number`,
  });
  for (const url of ['/', '/status/', '/toString', '/__proto__']) {
    await assert.rejects(askDaemon(path, 'GET', url), {
      message: `Cannot ask the daemon at "${path}": No such request: GET ${url}`,
    });
  }
  await server.close();
  assert.equal(existsSync(path), false);
});

test('an answer that is a text is sent as it is', async () => {
  const path = join(folder, 'text.sock');
  const server = await openControlServer(path, {
    'GET /metrics': () => new TextAnswer('text/plain; version=0.0.4', 'a 1\nb 2\n'),
  });
  assert.equal(await readDaemon(path, 'GET', '/metrics'), 'a 1\nb 2\n');
  const response = await new Promise<IncomingMessage>(resolve =>
    get({ socketPath: path, path: '/metrics' }, resolve),
  );
  assert.equal(response.headers['content-type'], 'text/plain; version=0.0.4');
  response.resume();
  await server.close();
});

test('a socket on which another process listens is refused', async () => {
  const path = join(folder, 'live.sock');
  const server = await openControlServer(path, {});
  await assert.rejects(openControlServer(path, {}), {
    message: `Cannot open control socket "${path}": another process listens there`,
  });
  await server.close();
});

test('a socket left by a process that was killed is replaced', async () => {
  const path = join(folder, 'stale.sock');
  const script = `require('net').createServer().listen(process.argv[1], () => console.log('listening'))`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise(resolve => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise(resolve => child.once('exit', resolve));

  assert.equal(existsSync(path), true);
  await assert.rejects(askDaemon(path, 'GET', '/status'), {
    message: `Cannot ask the daemon at "${path}": it is not running any more`,
  });
  const server = await openControlServer(path, { 'GET /status': () => 'up' });
  assert.equal(await askDaemon(path, 'GET', '/status'), 'up');
  await server.close();
});

test('what is no socket is left alone', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'precious');
  await assert.rejects(openControlServer(path, {}), {
    message: `Cannot open control socket "${path}": there is something else than a socket`,
  });
});

test('a folder that is missing, and a daemon that is, are errors of one line', async () => {
  const path = join(folder, 'none', 'a.sock');
  await assert.rejects(openControlServer(path, {}), {
    message: `Cannot open control socket "${path}": no such folder`,
  });
  await assert.rejects(askDaemon(path, 'GET', '/status'), {
    message: `Cannot ask the daemon at "${path}": there is no such socket; is it running?`,
  });
});

test('what is not HTTP does not disturb the server', async () => {
  const path = join(folder, 'noise.sock');
  const server = await openControlServer(path, { 'GET /status': () => 1 });
  const socket = connect(path);
  socket.end('\0\xff garbage\r\n\r\n');
  await new Promise(resolve => socket.once('close', resolve).resume());
  assert.equal(await askDaemon(path, 'GET', '/status'), 1);
  await server.close();
});

test('those who ask nothing keep others out for some seconds only', async () => {
  const path = join(folder, 'silent.sock');
  const server = await openControlServer(path, { 'GET /status': () => ({ packets: 7 }) });
  const silent = Array.from({ length: 16 }, () => connect(path).on('error', () => {}));
  await Promise.all(silent.map(socket => once(socket, 'connect')));
  await assert.rejects(askDaemon(path, 'GET', '/status'));
  const tooLate = performance.now() + 15_000;
  let answer: unknown;
  while (answer === undefined && performance.now() < tooLate) {
    answer = await askDaemon(path, 'GET', '/status').catch(() => setTimeout(100));
  }
  assert.deepEqual(answer, { packets: 7 });
  for (const socket of silent) socket.destroy();
  await server.close();
});
