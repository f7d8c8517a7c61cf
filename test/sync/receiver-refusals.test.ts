import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { TestSocket } from './helpers.js';
import { closing, DAY, KEY, NOW, openReceiver, peer, white } from './open-receiver.js';

test('a message is accepted once: sent again, it changes nothing', async () => {
  const { receiver, surroundings, send, sendBytes, delivered } = await openReceiver();
  const message = await send(white('192.0.2.1'));
  await sendBytes(message);
  await surroundings.advance(299);
  await sendBytes(message);
  await surroundings.advance(2);
  await sendBytes(message);
  assert.equal(delivered.length, 1);
  assert.deepEqual(receiver.status().peers[0]?.refused, { duplicate: 2, 'wrong-time': 1 });
});

test('a message replayed from another port, or as another peer, is no other message', async () => {
  const { receiver, send, sendBytes, delivered } = await openReceiver({
    peers: [peer('127.0.0.1'), peer('127.0.0.2')],
  });
  const message = await send(white('192.0.2.1'));
  const port = await new TestSocket().open();
  const host = await new TestSocket().open('127.0.0.2');
  closing.push(port, host);
  await sendBytes(message, port);
  await sendBytes(message, host);
  assert.equal(delivered.length, 1);
  assert.deepEqual(
    receiver.status().peers.map(({ refused }) => refused),
    [{ duplicate: 1 }, { duplicate: 1 }],
  );
});

test('a peer that restarts counts from 0 again and is heard, and so are two programs of one peer', async () => {
  const { sendBytes, delivered } = await openReceiver();
  const first = white('192.0.2.1');
  const second = white('192.0.2.2', NOW + DAY, NOW + 1);
  const other = white('192.0.2.3');
  for (const entry of [first, second, other]) {
    await sendBytes(encodeSyncMessage({ counter: 0, entries: [entry] }, KEY));
  }
  assert.equal(delivered.length, 3);
});

test('a message whose clock is further from ours than the window is refused, whole', async () => {
  const { receiver, send, delivered } = await openReceiver();
  await send(white('192.0.2.1', NOW + DAY, NOW - 300));
  await send(white('192.0.2.2', NOW + DAY, NOW + 300));
  assert.equal(receiver.status().peers[0]?.lagSeconds, -300);
  await send(white('192.0.2.3', NOW + DAY, NOW - 301));
  await send(white('192.0.2.4', NOW + DAY, NOW + 301));
  await send(white('192.0.2.5'), white('192.0.2.6', NOW + DAY, NOW - 301));
  assert.deepEqual(
    delivered.map(({ address }) => address),
    ['192.0.2.1', '192.0.2.2'],
  );
  assert.deepEqual(receiver.status().peers[0]?.refused, { 'wrong-time': 3 });
});

test('nobody is heard but peers, and they only with the key', async () => {
  const { receiver, sendBytes, delivered } = await openReceiver();
  const stranger = await new TestSocket().open('127.0.0.2');
  closing.push(stranger);
  const message = encodeSyncMessage({ counter: 0, entries: [white('192.0.2.1')] }, KEY);
  await sendBytes(message, stranger);
  await sendBytes(Buffer.alloc(10), stranger);
  await sendBytes(encodeSyncMessage({ counter: 0, entries: [white('192.0.2.1')] }, new Uint8Array(0)));
  await sendBytes(Buffer.alloc(1409));
  await sendBytes(message.subarray(0, 40));
  assert.deepEqual(delivered, []);
  assert.deepEqual(receiver.status().strangers, { stranger: 1, 'too-short': 1 });
  assert.deepEqual(receiver.status().peers[0]?.refused, {
    'wrong-hmac': 1,
    'too-long': 1,
    'wrong-length': 1,
  });
  await sendBytes(message);
  assert.equal(delivered.length, 1);
});

test('what this machine sends is not heard, whether our own sender or a spamd beside us sent it', async () => {
  const ours = await new TestSocket().open();
  const beside = await new TestSocket().open('127.0.0.5');
  closing.push(ours, beside);
  const { receiver, surroundings, log, sendBytes, delivered } = await openReceiver({
    owns: (address, port) => address === '127.0.0.1' && port === ours.port,
  });
  surroundings.interfaces = [{ interface: 'lo', address: '127.0.0.5', cidr: '127.0.0.5/8' }];
  const message = encodeSyncMessage({ counter: 0, entries: [white('192.0.2.1')] }, KEY);
  await sendBytes(message, ours);
  await sendBytes(message, beside);
  assert.equal(receiver.status().own, 2);
  assert.deepEqual(delivered, []);
  assert.deepEqual(log.lines, []);
});

test('refusals are logged at most once a minute for each peer, with their number, and none is left untold', async () => {
  const { receiver, surroundings, log, sendBytes } = await openReceiver({
    peers: [peer('127.0.0.1'), peer('127.0.0.2')],
  });
  const second = await new TestSocket().open('127.0.0.2');
  const stranger = await new TestSocket().open('127.0.0.3');
  closing.push(second, stranger);
  const forged = encodeSyncMessage({ counter: 0, entries: [white('192.0.2.1')] }, new Uint8Array(0));
  for (let i = 0; i < 5; i++) await sendBytes(forged);
  await sendBytes(Buffer.alloc(1));
  await sendBytes(forged, second);
  await sendBytes(forged, stranger);
  await surroundings.advance(59);
  const first = log.lines.splice(0);
  await surroundings.advance(1);
  await sendBytes(forged);
  await surroundings.advance(30);
  await sendBytes(Buffer.alloc(1));
  await surroundings.advance(30);
  await surroundings.advance(600);
  await sendBytes(forged);
  await sendBytes(forged);
  await receiver.close();
  assert.deepEqual(first, [
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 1 wrong HMAC (another key?)',
    'warn Sync: refused datagrams, the last one of 127.0.0.2: 1 wrong HMAC (another key?)',
    'warn Sync: refused datagrams, the last one of 127.0.0.3: 1 not of a peer',
  ]);
  assert.deepEqual(log.lines, [
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 4 wrong HMAC (another key?), 1 too-short',
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 1 wrong HMAC (another key?), 1 too-short',
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 1 wrong HMAC (another key?)',
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 1 wrong HMAC (another key?)',
  ]);
  assert.equal(surroundings.timers, 0);
});
