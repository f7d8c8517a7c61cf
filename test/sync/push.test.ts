import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIpv4 } from '../../src/address/address.js';
import type { PushProgress } from '../../src/sync/push.js';
import { SyncSender } from '../../src/sync/sender.js';
import type { SyncAddressEntry, SyncMessage } from '../../src/wire/sync-message.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import {
  closeAfterEach,
  hostTarget,
  settle,
  TestLog,
  TestSocket,
  TestSurroundings,
  until,
} from './helpers.js';

const KEY = new Uint8Array(0);
const NOW = 1_700_000_000;
const WHITEEXP = 36 * 86_400;

const closing = closeAfterEach();

async function openSender(targets: readonly string[] = ['127.0.0.1']) {
  const socket = await new TestSocket().open();
  const surroundings = new TestSurroundings();
  const sender = new SyncSender({
    targets: targets.map(hostTarget),
    key: KEY,
    port: socket.port,
    group: '224.0.1.240',
    whiteexpSeconds: WHITEEXP,
    log: new TestLog(),
    surroundings,
    confirm: async () => new Map(),
  });
  closing.push(sender, socket);
  await sender.start();
  return { sender, socket, surroundings };
}

async function* whitelist(count: number) {
  for (let i = 0; i < count; i++) yield { address: `10.0.${i >> 8}.${i & 255}`, expire: NOW + 1000 };
}

function entriesOf(socket: TestSocket): string[] {
  return socket.heard.flatMap(({ bytes }) => {
    const { entries } = decodeSyncMessage(bytes, KEY) as SyncMessage;
    return (entries as readonly SyncAddressEntry[]).map(
      ({ address, expire }) => `${formatIpv4(address)} ${expire - NOW}`,
    );
  });
}

test('a whitelist is pushed at the rate that was asked for, with progress', async () => {
  const { sender, socket, surroundings } = await openSender();
  const progress: PushProgress[] = [];
  const pushing = sender.push(whitelist(200), { ratePerSecond: 85, onProgress: one => progress.push(one) });
  for (let message = 1; message <= 3; message++) {
    await until(() => socket.heard.length === message);
    await settle();
    assert.equal(socket.heard.length, message, 'the next message waits');
    await surroundings.advance(1);
  }
  assert.deepEqual(await pushing, { addresses: 200, messages: 3, skipped: 0, end: 'complete' });
  assert.deepEqual(
    progress.map(({ addresses }) => addresses),
    [85, 170, 200],
  );
  assert.deepEqual(
    entriesOf(socket),
    Array.from({ length: 200 }, (_, i) => `10.0.${i >> 8}.${i & 255} 1000`),
  );
});

test('entries that have ended, IPv6 and what is no address stay here', async () => {
  const { sender, socket, surroundings } = await openSender();
  const pushing = sender.push([
    { address: '192.0.2.1', expire: NOW + 5 },
    { address: '192.0.2.2', expire: NOW },
    { address: '2001:db8::1', expire: NOW + 5 },
    { address: 'Z', expire: NOW + 5 },
  ]);
  await until(() => socket.heard.length === 1);
  await surroundings.advance(1);
  assert.deepEqual(await pushing, { addresses: 1, messages: 1, skipped: 2, end: 'complete' });
  assert.deepEqual(entriesOf(socket), ['192.0.2.1 5']);
});

test('an address that peers were told of is pushed with what they were told first', async () => {
  const { sender, socket, surroundings } = await openSender();
  sender.announce([{ address: '192.0.2.1', expire: NOW + 100, isNew: true }]);
  await until(() => socket.heard.length === 1);
  socket.heard.splice(0);
  const pushing = sender.push([{ address: '192.0.2.1', expire: NOW + 900 }]);
  await until(() => socket.heard.length === 1);
  await surroundings.advance(1);
  await pushing;
  assert.deepEqual(entriesOf(socket), ['192.0.2.1 100', '192.0.2.1 900']);
});

test('a push goes only where it is meant to go', async () => {
  const { sender, socket, surroundings } = await openSender(['127.0.0.1', '127.0.0.2']);
  const second = await new TestSocket().open('127.0.0.2', socket.port);
  closing.push(second);
  const pushing = sender.push(whitelist(1), { to: ['127.0.0.2'] });
  await until(() => second.heard.length === 1);
  await surroundings.advance(1);
  assert.equal((await pushing).end, 'complete');
  assert.equal(socket.heard.length, 0);
});

test('a push to nobody who is there ends early', async () => {
  const { sender, socket, surroundings } = await openSender(['127.0.0.9']);
  const link = () => sender.status().targets[0]!.links[0]!;
  const pushing = sender.push(whitelist(1000));
  await until(() => link().reachability === 'unreachable');
  await surroundings.advance(1);
  assert.deepEqual(await pushing, { addresses: 85, messages: 1, skipped: 0, end: 'unreachable' });
  assert.equal(socket.heard.length, 0);
});

test('a push ends when it is aborted, and when the sender closes', async () => {
  const { sender, socket } = await openSender();
  const abort = new AbortController();
  const first = sender.push(whitelist(1000), { signal: abort.signal });
  await until(() => socket.heard.length === 1);
  abort.abort();
  assert.deepEqual(await first, { addresses: 85, messages: 1, skipped: 0, end: 'aborted' });
  const second = sender.push(whitelist(1000));
  await until(() => socket.heard.length === 2);
  await sender.close();
  assert.equal((await second).end, 'aborted');
});

test('a push that is aborted before it begins, or has nothing to say, sends nothing', async () => {
  const { sender, socket } = await openSender();
  const nothing = { addresses: 0, messages: 0, skipped: 0 };
  assert.deepEqual(await sender.push(whitelist(9), { signal: AbortSignal.abort() }), {
    ...nothing,
    end: 'aborted',
  });
  assert.deepEqual(await sender.push([]), { ...nothing, end: 'complete' });
  assert.deepEqual(await sender.push(whitelist(9), { to: ['mx9'] }), { ...nothing, end: 'unreachable' });
  await settle();
  assert.equal(socket.heard.length, 0);
});
