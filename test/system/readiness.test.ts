import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findAddon } from '../../src/native/addon.js';
import { openReadiness } from '../../src/system/readiness.js';
import { noDatagrams, receiveDatagrams } from './unix-datagrams.js';

const folder = mkdtempSync(join(tmpdir(), 'spamlogd-readiness-'));
after(() => rmSync(folder, { recursive: true }));
const skip = (findAddon() === undefined && 'the native addon is not built') || noDatagrams;

const sockets = [join(folder, 'notify')];
if (process.platform === 'linux') sockets.push(`@spamlogd-test-${process.pid}`);

for (const socket of sockets) {
  test(`the service manager hears of every state (${socket[0]})`, { skip }, async () => {
    const receiver = await receiveDatagrams(socket);
    const environment = { NOTIFY_SOCKET: socket };
    const onError = (error: Error): never => assert.fail(error);
    const readiness = openReadiness({ environment, onError });
    assert.deepEqual(environment, {}, 'children must not inherit it');

    readiness.reloading();
    readiness.reloaded();
    readiness.ready('watching pflog0');
    readiness.reloading();
    readiness.reloaded();
    readiness.status('two\nlines\r\nREADY=1');
    readiness.reloading();
    readiness.stopping();
    readiness.reloaded();
    assert.equal(await receiver.next(), 'READY=1\nSTATUS=watching pflog0');
    assert.match(await receiver.next(), /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    assert.equal(await receiver.next(), 'READY=1');
    assert.equal(await receiver.next(), 'STATUS=two lines READY=1');
    assert.match(await receiver.next(), /^RELOADING=1\n/);
    assert.equal(await receiver.next(), 'STOPPING=1');
    await assert.rejects(receiver.next(0.05), { message: 'no datagram in 0.05 s' });
    receiver.close();
  });
}

test('a service manager that is gone is an error reported, not thrown', { skip }, () => {
  const errors: string[] = [];
  const socket = join(folder, 'gone');
  const readiness = openReadiness({
    environment: { NOTIFY_SOCKET: socket },
    onError: error => errors.push(error.message),
  });
  readiness.stopping();
  assert.deepEqual(errors, [
    `Cannot notify the service manager at "${socket}": sendto: No such file or directory`,
  ]);
});

test('that a service manager is gone is said once, until it is back', { skip }, async () => {
  const errors: string[] = [];
  const socket = join(folder, 'comes-and-goes');
  const readiness = openReadiness({
    environment: { NOTIFY_SOCKET: socket },
    onError: error => errors.push(error.message),
  });
  for (const times of [1, 2]) {
    readiness.status('one');
    readiness.status('two');
    assert.equal(errors.length, times);
    const receiver = await receiveDatagrams(socket);
    readiness.status('three');
    assert.equal(await receiver.next(), 'STATUS=three');
    receiver.close();
    rmSync(socket);
  }
});

test('a path too long for a socket is an error reported', { skip }, () => {
  const errors: string[] = [];
  const readiness = openReadiness({
    environment: { NOTIFY_SOCKET: `/${'a'.repeat(200)}` },
    onError: error => errors.push(error.message),
  });
  readiness.ready();
  assert.match(errors.join(), /: sendto: File name too long$/);
});

test('without a service manager nothing happens', () => {
  const readiness = openReadiness({ environment: {}, onError: error => assert.fail(error) });
  readiness.ready('text');
  readiness.reloading();
  readiness.status('text');
  readiness.stopping();
});
