import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { settle, until } from './helpers.js';
import { DAY, heard, KEY, NOW, openSender, seen, WHITEEXP } from './open-sender.js';

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
  await surroundings.advance(1800 - 1);
  assert.equal(socket.heard.length, 0);
  await surroundings.advance(1);
  assert.deepEqual(
    (await heard(socket, 1)).map(({ entries }) => entries),
    [[`192.0.2.7 ${30 * DAY}`]],
  );
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
