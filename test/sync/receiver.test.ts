import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { ReceivedEntry } from '../../src/sync/received-entry.js';
import { SyncReceiver, type SyncReceiverOptions } from '../../src/sync/receiver.js';
import { type PeerText, parseSyncPeer } from '../../src/sync/settings.js';
import type { SyncEntry } from '../../src/wire/sync-message.js';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { dottedQuad, settle, TestLog, TestSocket, TestSurroundings, until } from './helpers.js';

const KEY = Buffer.from('fc683cd9ed1990ca2ea10b84e5e6fba048c24929');
const NOW = 1_700_000_000;
const DAY = 86_400;
const WHITEEXP = 36 * DAY;

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map(one => one.close()));
});

function peer(text: string) {
  return { text, peer: (parseSyncPeer(text) as { value: PeerText }).value };
}

async function openReceiver(changes: Partial<SyncReceiverOptions> = {}) {
  const surroundings = new TestSurroundings();
  const log = new TestLog();
  const delivered: ReceivedEntry[] = [];
  const receiver = new SyncReceiver({
    listen: { kind: 'address', address: '127.0.0.1' },
    port: 0,
    group: '224.0.1.240',
    peers: [peer('127.0.0.1')],
    key: KEY,
    windowSeconds: 300,
    whiteexpSeconds: WHITEEXP,
    log,
    surroundings,
    deliver(entries) {
      delivered.push(...entries);
    },
    ...changes,
  });
  await receiver.start();
  const socket = await new TestSocket().open();
  closing.push(receiver, socket);
  const { port } = receiver.status().listening;
  let counter = 0;
  /** Sends entries of the loopback's peer in one message, and waits until it was received. */
  const send = async (...entries: SyncEntry[]): Promise<Buffer> => {
    const bytes = encodeSyncMessage({ counter: counter++, entries }, KEY);
    await sendBytes(bytes);
    return bytes;
  };
  const sendBytes = async (bytes: Uint8Array, from = socket): Promise<void> => {
    const before = received(receiver);
    await from.send(bytes, port);
    await until(() => received(receiver) > before);
    await settle();
  };
  return { receiver, surroundings, log, delivered, socket, send, sendBytes };
}

/** Everything that was received and has entries, whatever became of it. */
function received(receiver: SyncReceiver): number {
  const { peers, strangers, own } = receiver.status();
  const sum = (counts: object): number => Object.values(counts).reduce((total, count) => total + count, 0);
  return peers.reduce((total, one) => total + one.messages + sum(one.refused), own + sum(strangers));
}

function white(address: string, expire: number = NOW + DAY, timestamp: number = NOW): SyncEntry {
  return { kind: 'white', timestamp, expire, address: dottedQuad(address) };
}

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
  assert.deepEqual(receiver.status().peers[0]?.skipped, { ended: 1, 'bad-address': 4, grey: 1 });
});

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

test('refusals are logged at most once a minute for each peer, with their number', async () => {
  const { surroundings, log, sendBytes } = await openReceiver({
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
  await surroundings.advance(60);
  await sendBytes(forged);
  assert.deepEqual(log.lines, [
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 1 wrong HMAC (another key?)',
    'warn Sync: refused datagrams, the last one of 127.0.0.2: 1 wrong HMAC (another key?)',
    'warn Sync: refused datagrams, the last one of 127.0.0.3: 1 not of a peer',
    'warn Sync: refused datagrams, the last one of 127.0.0.1: 5 wrong HMAC (another key?), 1 too-short',
  ]);
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
    'warn Sync: 1 entries of peers lost: Cannot write store "/var/db/spamd": disk is full',
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
