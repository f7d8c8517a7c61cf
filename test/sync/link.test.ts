import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Destination, Link } from '../../src/sync/link.js';
import { closeAfterEach, TestSocket, TestSurroundings, until } from './helpers.js';

const MESSAGE = Buffer.from('message');
const PROBE = Buffer.from('probe');

interface Told {
  readonly what: 'unreachable' | 'probe' | 'back';
  readonly code?: string;
  readonly seconds?: number;
  readonly signal?: AbortSignal;
}

const closing = closeAfterEach();

async function openLink(destination: Omit<Destination, 'target'>, surroundings = new TestSurroundings()) {
  const told: Told[] = [];
  const link = new Link(
    { target: 'mx2', ...destination },
    surroundings,
    {
      onUnreachable: (_, code) => told.push({ what: 'unreachable', code }),
      onProbe: () => told.push({ what: 'probe' }),
      onReturn: (_, seconds, signal) => told.push({ what: 'back', seconds, signal }),
    },
    () => PROBE,
  );
  closing.push(link);
  await link.open();
  return { link, surroundings, told };
}

async function openSocket(port = 0): Promise<TestSocket> {
  const socket = await new TestSocket().open('127.0.0.1', port);
  closing.push(socket);
  return socket;
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const socket = await new TestSocket().open();
  const { port } = socket;
  await socket.close();
  return port;
}

test('messages arrive, from an address and port that the link knows for its own', async () => {
  const socket = await openSocket();
  const { link, told } = await openLink({ address: '127.0.0.1', port: socket.port });
  link.send(MESSAGE, 3);
  link.send(MESSAGE, 2);
  await until(() => socket.heard.length === 2);
  const from = socket.heard[0]!;
  assert.deepEqual(from.bytes, MESSAGE);
  assert.equal(link.owns(from.address, from.port), true);
  assert.equal(link.owns(from.address, from.port + 1), false);
  assert.equal(link.owns('127.0.0.2', from.port), false);
  assert.deepEqual(link.status(), {
    address: '127.0.0.1',
    reachability: 'reachable',
    messages: 2,
    entries: 5,
    dropped: 0,
    errors: 0,
    lastSent: 1_700_000_000,
  });
  assert.deepEqual(told, []);
});

test('a refusal is noticed once, and the return when two probes in a row were not refused', async () => {
  const port = await freePort();
  const { link, surroundings, told } = await openLink({ address: '127.0.0.1', port });
  link.send(MESSAGE, 1);
  await until(() => told.length === 1);
  assert.deepEqual(told.shift(), { what: 'unreachable', code: 'ECONNREFUSED' });
  assert.equal(link.isReachable, false);
  assert.equal(link.status().unreachableSince, 1_700_000_000);
  assert.equal(link.status().lastError, 'ECONNREFUSED');

  for (let probe = 0; probe < 3; probe++) {
    const { errors } = link.status();
    await surroundings.advance(5);
    await until(() => link.status().errors > errors);
    assert.deepEqual(told.splice(0), [{ what: 'probe' }]);
  }

  const socket = await openSocket(port);
  for (let probe = 1; probe <= 2; probe++) {
    await surroundings.advance(5);
    await until(() => socket.heard.length === probe);
    assert.deepEqual(socket.heard[probe - 1]!.bytes, PROBE);
    assert.deepEqual(told.splice(0), [{ what: 'probe' }]);
    assert.equal(link.isReachable, false);
  }
  await surroundings.advance(5);
  const back = told.pop()!;
  assert.equal(back.what, 'back');
  assert.equal(back.seconds, 30);
  assert.equal(back.signal?.aborted, false);
  assert.equal(link.isReachable, true);
  assert.equal(surroundings.timers, 0);

  await socket.close();
  closing.splice(closing.indexOf(socket), 1);
  link.send(MESSAGE, 1);
  await until(() => told.length === 1);
  assert.equal(told[0]!.what, 'unreachable');
  assert.equal(back.signal?.aborted, true, 'what began at the return is told to end');
});

test('a refusal between two probes starts the count again', async () => {
  const port = await freePort();
  const { link, surroundings, told } = await openLink({ address: '127.0.0.1', port });
  link.send(MESSAGE, 1);
  await until(() => told.length === 1);
  const first = await new TestSocket().open('127.0.0.1', port);
  await surroundings.advance(5);
  await until(() => first.heard.length === 1);
  await first.close();
  await surroundings.advance(5);
  await until(() => link.status().errors === 2);
  const second = await openSocket(port);
  await surroundings.advance(10);
  await until(() => second.heard.length === 2);
  assert.equal(link.isReachable, false);
  await surroundings.advance(5);
  assert.equal(told.at(-1)?.what, 'back');
});

test('a group on an interface that is away is unreachable until the interface comes', async () => {
  const surroundings = new TestSurroundings();
  const { interfaces } = surroundings;
  surroundings.interfaces = [];
  const multicast = { interface: 'lo', ttl: 1 };
  const { link, told } = await openLink({ address: '224.0.1.240', port: 9, multicast }, surroundings);
  assert.deepEqual(told.splice(0), [{ what: 'unreachable', code: 'ENODEV' }]);
  link.send(MESSAGE, 1);
  assert.equal(link.status().dropped, 1);
  surroundings.interfaces = interfaces;
  for (let probe = 1; probe <= 2; probe++) {
    await surroundings.advance(5);
    await until(() => link.status().messages === probe);
  }
  await surroundings.advance(5);
  assert.equal(told.at(-1)?.what, 'back');
});

test('what was sent leaves before the link closes, and a closed link sends and tells nothing', async () => {
  const socket = await openSocket();
  const { link, surroundings, told } = await openLink({ address: '127.0.0.1', port: socket.port });
  for (let i = 0; i < 20; i++) link.send(MESSAGE, 1);
  await link.close();
  closing.splice(closing.indexOf(link), 1);
  await until(() => socket.heard.length === 20);
  link.send(MESSAGE, 1);
  assert.equal(link.status().messages, 20);
  assert.equal(link.status().dropped, 1);
  assert.equal(surroundings.timers, 0);
  assert.deepEqual(told, []);
});

test('no more is handed to the system than it takes', async () => {
  const socket = await openSocket();
  const { link } = await openLink({ address: '127.0.0.1', port: socket.port });
  for (let i = 0; i < 100; i++) link.send(MESSAGE, 1);
  const { messages, dropped } = link.status();
  assert.deepEqual({ messages, dropped }, { messages: 64, dropped: 36 });
  await until(() => socket.heard.length === 64);
  link.send(MESSAGE, 1);
  await until(() => socket.heard.length === 65);
});
