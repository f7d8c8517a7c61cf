import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListeningSocket } from '../../src/sync/listening-socket.js';
import type { ListenText } from '../../src/sync/settings.js';
import { closeAfterEach, TestLog, TestSocket, TestSurroundings, until } from './helpers.js';

const closing = closeAfterEach();

function make(listen: ListenText, port = 0, surroundings = new TestSurroundings()) {
  const log = new TestLog();
  const heard: string[] = [];
  const options = { listen, port, group: '224.0.1.240', log };
  const socket = new ListeningSocket(options, surroundings, bytes => heard.push(bytes.toString()));
  closing.push(socket);
  return { socket, surroundings, log, heard };
}

const LOOPBACK: ListenText = { kind: 'address', address: '127.0.0.1' };

test('a port that another program has is not shared with it', async () => {
  const other = await new TestSocket().open();
  closing.push(other);
  await assert.rejects(make(LOOPBACK, other.port).socket.open(), {
    message: `Cannot listen for sync on 127.0.0.1:${other.port}: in use, by another spamlogd, spamd or greyd with sync?`,
  });
});

test("an address of another machine's, and an interface that is not there, are errors", async () => {
  const other = make({ kind: 'address', address: '203.0.113.77' }, 8025);
  await assert.rejects(other.socket.open(), {
    message: 'Cannot listen for sync on 203.0.113.77:8025: not an address of this machine',
  });
  const { socket, surroundings } = make({ kind: 'interface', interface: 'em9' });
  await assert.rejects(socket.open(), {
    message: 'Cannot join group 224.0.1.240 on "em9": no such interface with an IPv4 address',
  });
  assert.equal(surroundings.timers, 0);
});

test('on an interface it listens to all addresses and to the group', async () => {
  const { socket, heard } = make({ kind: 'interface', interface: 'lo' });
  await socket.open();
  const { port, ...status } = socket.status();
  assert.deepEqual(status, { address: '0.0.0.0', interface: 'lo', group: '224.0.1.240', isListening: true });
  const sender = await new TestSocket().open();
  closing.push(sender);
  await sender.send(Buffer.from('unicast'), port);
  await until(() => heard.length === 1);
});

test('a group is joined again each minute, so that an interface may go and come', async () => {
  const { socket, surroundings, log } = make({ kind: 'interface', interface: 'lo' });
  await socket.open();
  const { interfaces } = surroundings;
  await surroundings.advance(60);
  assert.deepEqual(log.lines, []);
  surroundings.interfaces = [];
  await surroundings.advance(120);
  assert.equal(socket.status().isListening, false);
  surroundings.interfaces = interfaces;
  await surroundings.advance(60);
  assert.equal(socket.status().isListening, true);
  assert.deepEqual(log.lines, [
    'warn Sync: Cannot join group 224.0.1.240 on "lo": no such interface with an IPv4 address',
    'info Sync: listening again',
  ]);
});

test('a socket that fails is opened again', async () => {
  const surroundings = new TestSurroundings();
  const sockets: ReturnType<TestSurroundings['createSocket']>[] = [];
  const create = surroundings.createSocket;
  surroundings.createSocket = () => {
    const made = create();
    sockets.push(made);
    return made;
  };
  const spare = await new TestSocket().open();
  const { port } = spare;
  await spare.close();
  const { socket, log, heard } = make(LOOPBACK, port, surroundings);
  await socket.open();
  sockets[0]!.emit('error', new Error('recvmsg ENOMEM'));
  assert.equal(socket.status().isListening, false);
  await surroundings.advance(60);
  await until(() => socket.status().isListening);
  const sender = await new TestSocket().open();
  closing.push(sender);
  await sender.send(Buffer.from('heard'), port);
  await until(() => heard.length === 1);
  assert.deepEqual(log.lines, ['warn Sync: stopped listening: recvmsg ENOMEM', 'info Sync: listening again']);
});
