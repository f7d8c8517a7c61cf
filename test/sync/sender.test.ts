import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { formatIpv4 } from '../../src/address/address.js';
import { SyncSender, type SyncSenderOptions } from '../../src/sync/sender.js';
import type { SyncAddressEntry, SyncMessage } from '../../src/wire/sync-message.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { hostTarget, settle, TestLog, TestSocket, TestSurroundings, until } from './helpers.js';

const KEY = Buffer.from('fc683cd9ed1990ca2ea10b84e5e6fba048c24929');
const NOW = 1_700_000_000;
const DAY = 86_400;
const WHITEEXP = 36 * DAY;

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map(one => one.close()));
});

async function openSender(changes: Partial<SyncSenderOptions> = {}) {
  const socket = await new TestSocket().open();
  const surroundings = new TestSurroundings();
  const log = new TestLog();
  const asked: string[][] = [];
  /** What the database has: an address is white until then. */
  const white = new Map<string, number>();
  const sender = new SyncSender({
    targets: [hostTarget('127.0.0.1')],
    key: KEY,
    port: socket.port,
    group: '224.0.1.240',
    whiteexpSeconds: WHITEEXP,
    log,
    surroundings,
    async confirm(addresses) {
      asked.push([...addresses]);
      return white;
    },
    ...changes,
  });
  closing.push(sender, socket);
  await sender.start();
  return { sender, socket, surroundings, log, asked, white };
}

/** The messages that the socket heard, with their entries as `address expire` less the time at which the test began. */
async function heard(socket: TestSocket, count: number) {
  await until(() => socket.heard.length >= count);
  await settle();
  return socket.heard.splice(0).map(({ bytes }) => {
    const message = decodeSyncMessage(bytes, KEY) as SyncMessage;
    const entries = message.entries as readonly SyncAddressEntry[];
    return {
      counter: message.counter,
      entries: entries.map(({ address, expire }) => `${formatIpv4(address)} ${expire - NOW}`),
    };
  });
}

function seen(address: string, time: number, isNew = false) {
  return { address, expire: time + WHITEEXP, isNew };
}

test('a flush is one message with all its addresses, of the time at which it is sent', async () => {
  const { sender, socket } = await openSender();
  sender.announce([seen('192.0.2.1', NOW, true), seen('192.0.2.2', NOW - 5, true)]);
  await until(() => socket.heard.length === 1);
  assert.deepEqual(decodeSyncMessage(socket.heard[0]!.bytes, KEY), {
    counter: 0,
    entries: [
      { kind: 'white', timestamp: NOW, expire: NOW + WHITEEXP, address: 0xc0000201 },
      { kind: 'white', timestamp: NOW, expire: NOW - 5 + WHITEEXP, address: 0xc0000202 },
    ],
  });
});

test('eighty-six addresses are two messages, which count on', async () => {
  const { sender, socket } = await openSender();
  sender.announce(Array.from({ length: 86 }, (_, i) => seen(`198.51.100.${i}`, NOW, true)));
  const messages = await heard(socket, 2);
  assert.deepEqual(
    messages.map(({ counter, entries }) => [counter, entries.length]),
    [
      [0, 85],
      [1, 1],
    ],
  );
});

test('an address that was said a moment ago, an entry that has ended and an IPv6 address are not sent', async () => {
  const { sender, socket, log } = await openSender();
  sender.announce([seen('192.0.2.1', NOW, true)]);
  sender.announce([seen('192.0.2.1', NOW + 1), seen('192.0.2.9', NOW - WHITEEXP, true)]);
  sender.announce([seen('2001:db8::1', NOW, true), seen('2001:db8::2', NOW, true)]);
  sender.announce([seen('192.0.2.3', NOW, true)]);
  const messages = await heard(socket, 2);
  assert.deepEqual(
    messages.map(({ entries }) => entries),
    [[`192.0.2.1 ${WHITEEXP}`], [`192.0.2.3 ${WHITEEXP}`]],
  );
  assert.equal(sender.status().ipv6Skipped, 2);
  assert.deepEqual(log.lines, ['info Sync: IPv6 addresses are not sent, the protocol has no room for them']);
});

test('what is said again without having been seen is asked of the database first', async () => {
  const { sender, socket, surroundings, asked, white } = await openSender();
  sender.announce([seen('192.0.2.1', NOW, true), seen('192.0.2.2', NOW, true)]);
  await heard(socket, 1);
  white.set('192.0.2.2', NOW + WHITEEXP);
  await surroundings.advance(61);
  assert.deepEqual(asked, [['192.0.2.1', '192.0.2.2']]);
  assert.deepEqual(
    (await heard(socket, 1)).map(({ entries }) => entries),
    [[`192.0.2.2 ${WHITEEXP}`]],
  );
  assert.equal(sender.status().remembered, 1);
  await surroundings.advance(120);
  assert.deepEqual(asked.slice(1), [['192.0.2.2']]);
});

test('while the database cannot be asked, nothing is said again, but nothing is forgotten', async () => {
  let works = false;
  const { sender, socket, surroundings, log } = await openSender({
    async confirm(addresses) {
      if (!works) throw new Error('Cannot read store "/var/db/spamd": file is locked');
      return new Map(addresses.map(address => [address, NOW + WHITEEXP]));
    },
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await heard(socket, 1);
  await surroundings.advance(61);
  assert.deepEqual(log.lines, [
    'warn Sync: 1 addresses are said later: Cannot read store "/var/db/spamd": file is locked',
  ]);
  works = true;
  await surroundings.advance(60);
  assert.equal((await heard(socket, 1)).length, 1);
});

test('a flush larger than receivers can take at once is sent over some seconds', async () => {
  const addresses = Array.from({ length: 2000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const { sender, socket, surroundings, white } = await openSender({ ratePerSecond: 250 });
  for (const address of addresses) white.set(address, NOW + WHITEEXP);
  sender.announce(addresses.map(address => seen(address, NOW, true)));
  const count = async (messages: number) =>
    (await heard(socket, messages)).reduce((sum, { entries }) => sum + entries.length, 0);
  assert.equal(await count(16), 1360);
  await surroundings.advance(1);
  assert.equal(await count(3), 250);
  await surroundings.advance(1);
  assert.equal(await count(3), 250);
  await surroundings.advance(1);
  assert.equal(await count(2), 140);
});

test('what peers were told before a restart is said again in time, and what is known better is not lost by it', async () => {
  const { sender, socket, surroundings, white } = await openSender();
  white.set('192.0.2.7', NOW + 30 * DAY);
  await sender.adopt([
    { address: '192.0.2.7', expire: NOW + 30 * DAY },
    { address: '192.0.2.8', expire: NOW - 1 },
    { address: 'hYv\\x01..U', expire: NOW + DAY },
  ]);
  assert.equal(sender.status().remembered, 1);
  await surroundings.advance(2.25 * DAY - 1);
  assert.equal(socket.heard.length, 0);
  await surroundings.advance(1);
  assert.deepEqual(
    (await heard(socket, 1)).map(({ entries }) => entries),
    [[`192.0.2.7 ${30 * DAY}`]],
  );
});

test('every address of a host is told, one that two targets have only once', async () => {
  const { sender, socket } = await openSender({
    targets: [
      { kind: 'host', text: 'mx2', addresses: ['127.0.0.1', '127.0.0.2'] },
      { kind: 'host', text: 'mx3', addresses: ['127.0.0.1'] },
    ],
  });
  const second = await new TestSocket().open('127.0.0.2', socket.port);
  closing.push(second);
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await until(() => socket.heard.length === 1 && second.heard.length === 1);
  await settle();
  assert.equal(socket.heard.length, 1);
  assert.deepEqual(socket.heard[0]!.bytes, second.heard[0]!.bytes);
  const targets = sender.status().targets.map(({ target, links }) => [target, links.map(one => one.address)]);
  assert.deepEqual(targets, [
    ['mx2', ['127.0.0.1', '127.0.0.2']],
    ['mx3', []],
  ]);
  assert.equal(sender.owns(socket.heard[0]!.address, socket.heard[0]!.port), true);
});

test('an interface is told by its group, each group and interface once', async () => {
  const target = { kind: 'interface', interface: 'lo', ttl: 1 } as const;
  const { sender } = await openSender({
    targets: [
      { ...target, text: 'lo' },
      { ...target, text: 'lo:3', ttl: 3 },
    ],
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  const [first, second] = sender.status().targets;
  assert.deepEqual([first?.target, first?.kind, second?.links], ['lo', 'interface', []]);
  const { address, messages, entries, reachability } = first!.links[0]!;
  assert.deepEqual(
    { address, messages, entries, reachability },
    { address: '224.0.1.240', messages: 1, entries: 1, reachability: 'reachable' },
  );
});

test('a host that moves is followed', async () => {
  const { sender, socket, surroundings, log } = await openSender({
    targets: [{ kind: 'host', text: 'mx2', addresses: ['127.0.0.2'] }],
  });
  surroundings.hosts = { mx2: ['127.0.0.1'] };
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await until(() => log.lines.length === 2);
  assert.deepEqual(log.lines, [
    'warn Sync target "mx2" (127.0.0.2) is unreachable (ECONNREFUSED)',
    'info Sync: "mx2" has the addresses 127.0.0.1',
  ]);
  await settle();
  sender.announce([seen('192.0.2.2', NOW, true)]);
  assert.deepEqual(
    (await heard(socket, 1)).map(({ entries }) => entries),
    [[`192.0.2.2 ${WHITEEXP}`]],
  );
  const { reachability, address } = sender.status().targets[0]!.links[0]!;
  assert.deepEqual({ reachability, address }, { reachability: 'reachable', address: '127.0.0.1' });
});

test('a host that cannot be resolved at first is told as soon as it can', async () => {
  const { sender, socket, surroundings } = await openSender({
    targets: [{ kind: 'host', text: 'mx2', addresses: [] }],
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  surroundings.hosts = { mx2: ['127.0.0.1'] };
  await surroundings.advance(30);
  await until(() => sender.status().targets[0]!.links.length === 1);
  await settle();
  sender.announce([seen('192.0.2.2', NOW + 30, true)]);
  const [message] = await heard(socket, 1);
  assert.deepEqual(message?.entries, [`192.0.2.2 ${30 + WHITEEXP}`]);
});

test('the return of a target is told once, with its address to push to', async () => {
  const returns: { target: string; address: string }[] = [];
  const { sender, socket, surroundings, log } = await openSender({
    onReturn: ({ target, address }) => returns.push({ target, address }),
    targets: [hostTarget('127.0.0.3')],
  });
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await until(() => log.lines.length === 1);
  const third = await new TestSocket().open('127.0.0.3', socket.port);
  closing.push(third);
  await surroundings.advance(5);
  await until(() => third.heard.length === 1);
  assert.deepEqual(decodeSyncMessage(third.heard[0]!.bytes, KEY), { counter: 1, entries: [] });
  await surroundings.advance(20);
  await until(() => returns.length === 1);
  await surroundings.advance(100);
  assert.deepEqual(returns, [{ target: '127.0.0.3', address: '127.0.0.3' }]);
  assert.deepEqual(log.lines, [
    'warn Sync target 127.0.0.3 is unreachable (ECONNREFUSED)',
    'info Sync target 127.0.0.3 is back after 15 s',
  ]);
});

test('a closed sender keeps no timer and sends nothing', async () => {
  const { sender, socket, surroundings } = await openSender();
  sender.announce([seen('192.0.2.1', NOW, true)]);
  await heard(socket, 1);
  await sender.close();
  assert.equal(surroundings.timers, 0);
  sender.announce([seen('192.0.2.2', NOW, true)]);
  await surroundings.advance(1000);
  await settle();
  assert.equal(socket.heard.length, 0);
});
