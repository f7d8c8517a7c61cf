import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { dottedQuad, settle } from './helpers.js';
import { DAY, KEY, NOW, openReceiver, WHITEEXP, white } from './open-receiver.js';

test('what a peer says is delivered, in order, with the peer', async () => {
  const { receiver, send, delivered } = await openReceiver();
  await send(
    white('192.0.2.1'),
    { kind: 'trapped', timestamp: NOW, expire: NOW + 60, address: dottedQuad('192.0.2.2') },
    { kind: 'white-deleted', timestamp: NOW, expire: 0, address: dottedQuad('192.0.2.3') },
    { kind: 'trapped-deleted', timestamp: NOW, expire: 0, address: dottedQuad('192.0.2.4') },
  );
  const from = { timestamp: NOW, peer: '127.0.0.1' };
  assert.deepEqual(delivered, [
    { kind: 'white', address: '192.0.2.1', expire: NOW + DAY, ...from },
    { kind: 'trapped', address: '192.0.2.2', expire: NOW + 60, ...from },
    { kind: 'white-deleted', address: '192.0.2.3', expire: 0, ...from },
    { kind: 'trapped-deleted', address: '192.0.2.4', expire: 0, ...from },
  ]);
  const [status] = receiver.status().peers;
  assert.equal(status?.messages, 1);
  assert.equal(status?.entries, 4);
  assert.equal(status?.lastHeard, NOW);
  assert.equal(status?.lastAddress, '127.0.0.1');
  assert.equal(status?.lagSeconds, 0);
});

test('an expire beyond what one of our own entries could have is cut', async () => {
  const { receiver, send, delivered } = await openReceiver();
  await send(
    white('192.0.2.1', NOW + WHITEEXP),
    white('192.0.2.2', NOW + WHITEEXP + 1),
    white('192.0.2.3', 0xffffffff),
  );
  assert.deepEqual(
    delivered.map(({ expire }) => expire - NOW),
    [WHITEEXP, WHITEEXP, WHITEEXP],
  );
  assert.equal(receiver.status().capped, 2);
});

test('entries that have ended, tuples and addresses that nobody can have are skipped and counted', async () => {
  const { receiver, send, delivered } = await openReceiver();
  await send(
    white('192.0.2.1', NOW),
    { kind: 'grey', timestamp: NOW, address: dottedQuad('192.0.2.2'), from: '', to: '', helo: '' },
    white('255.255.255.255'),
    white('224.0.1.240'),
    white('127.0.0.1'),
    white('0.0.0.0'),
    white('192.0.2.3'),
  );
  assert.deepEqual(
    delivered.map(({ address }) => address),
    ['192.0.2.3'],
  );
  assert.deepEqual(receiver.status().peers[0]?.skipped, {
    ended: 1,
    'bad-address': 4,
    grey: 1,
    'ignored-network': 0,
  });
});

test('what a peer has white is skipped in a network that is ignored, what it has trapped is not', async () => {
  const { receiver, send, delivered } = await openReceiver({
    isIgnored: address => address >>> 8 === dottedQuad('192.0.2.0') >>> 8,
  });
  await send(white('192.0.2.1'), white('198.51.100.1'), {
    kind: 'trapped',
    timestamp: NOW,
    expire: NOW + 60,
    address: dottedQuad('192.0.2.2'),
  });
  assert.deepEqual(
    delivered.map(({ address }) => address),
    ['198.51.100.1', '192.0.2.2'],
  );
  assert.equal(receiver.status().peers[0]?.skipped['ignored-network'], 1);
});

test('who takes the entries is given what has gathered, one batch after the other', async () => {
  const batches: number[] = [];
  const waiting: (() => void)[] = [];
  const { receiver, send } = await openReceiver({
    deliver(entries) {
      batches.push(entries.length);
      return new Promise<void>(resolve => waiting.push(resolve));
    },
  });
  await send(white('192.0.2.1'));
  await send(white('192.0.2.2'), white('192.0.2.3'));
  await send(white('192.0.2.4'));
  assert.deepEqual(batches, [1]);
  assert.equal(receiver.status().queued, 3);
  waiting.shift()!();
  await settle();
  assert.deepEqual(batches, [1, 3]);
  assert.equal(receiver.status().queued, 0);
});

test('what nobody takes is refused when there is no room for it, and accepted when there is again', async () => {
  const waiting: (() => void)[] = [];
  const { receiver, send, sendBytes } = await openReceiver({
    maxQueued: 2,
    deliver: () => new Promise<void>(resolve => waiting.push(resolve)),
  });
  await send(white('192.0.2.1'));
  await send(white('192.0.2.2'), white('192.0.2.3'));
  const late = await send(white('192.0.2.4'));
  assert.deepEqual(receiver.status().peers[0]?.refused, { 'no-room': 1 });
  waiting.shift()!();
  await settle();
  await sendBytes(late);
  assert.equal(receiver.status().peers[0]?.entries, 4);
});

test('entries whose delivery fails are lost, counted and told; the next ones are delivered', async () => {
  let failures = 1;
  const { receiver, log, send } = await openReceiver({
    deliver() {
      if (failures-- > 0) throw new Error('Cannot write store "/var/db/spamd": disk is full');
    },
  });
  await send(white('192.0.2.1'));
  await send(white('192.0.2.2'));
  assert.equal(receiver.status().lost, 1);
  assert.deepEqual(log.lines, [
    'warn Sync: entries of peers are lost until it works: Cannot write store "/var/db/spamd": disk is full',
  ]);
});

test('a message without entries is neither delivered nor refused', async () => {
  const { receiver, socket, send } = await openReceiver();
  await socket.send(encodeSyncMessage({ counter: 0, entries: [] }, KEY), receiver.status().listening.port);
  await send(white('192.0.2.1'));
  assert.deepEqual(receiver.status().peers[0]?.refused, {});
  assert.equal(receiver.status().peers[0]?.messages, 1);
});

test('a status is a plain value that does not change any more', async () => {
  const { receiver, send } = await openReceiver();
  await send(white('192.0.2.1'));
  const before = receiver.status();
  const copy = structuredClone(before);
  await send(white('192.0.2.2'), white('0.0.0.0'));
  assert.deepEqual(before, copy);
  assert.notDeepEqual(receiver.status(), copy);
});
