import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '../../src/address/prefix.js';
import { SyncReceiver } from '../../src/sync/receiver.js';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { dottedQuad, TestLog, TestSocket, until } from './helpers.js';

const KEY = Buffer.from('fc683cd9ed1990ca2ea10b84e5e6fba048c24929');
const DATAGRAMS = 100_000;

test('a storm of forged datagrams is refused in bounded memory, and a peer is heard in the middle of it', async () => {
  const delivered: string[] = [];
  const log = new TestLog();
  const receiver = new SyncReceiver({
    listen: { kind: 'address', address: '127.0.0.1' },
    port: 0,
    group: '224.0.1.240',
    peers: [{ text: 'mx2', peer: { kind: 'prefix', prefix: parsePrefix('127.0.0.1')! } }],
    key: KEY,
    windowSeconds: 300,
    whiteexpSeconds: 3_110_400,
    log,
    deliver(entries) {
      for (const { address } of entries) delivered.push(address);
    },
  });
  await receiver.start();
  const { port } = receiver.status().listening;
  const forger = await new TestSocket().open();
  const stranger = await new TestSocket().open('127.0.0.2');
  const timestamp = Math.floor(Date.now() / 1000);
  const genuine = (i: number): Buffer => {
    const address = dottedQuad(`192.0.2.${i}`);
    const entries = [{ kind: 'white', timestamp, expire: timestamp + 1000, address } as const];
    return encodeSyncMessage({ counter: i, entries }, KEY);
  };
  const forged = encodeSyncMessage(
    { counter: 0, entries: [{ kind: 'white', timestamp, expire: timestamp + 1000, address: 1 }] },
    Buffer.from('not the key'),
  );
  const refusedSoFar = (): number => {
    const { peers, strangers } = receiver.status();
    return (peers[0]?.refused['wrong-hmac'] ?? 0) + (strangers.stranger ?? 0);
  };

  let before = 0;
  let grown = 0;
  try {
    for (let i = 0; i < DATAGRAMS; i++) {
      // As fast as it is heard, so that none is dropped in the system and each costs what it costs.
      if (i % 100 === 0) await until(() => refusedSoFar() === i);
      if (i === DATAGRAMS / 10) before = process.memoryUsage().rss;
      if (i % (DATAGRAMS / 10) === 50) await forger.send(genuine(Math.ceil((10 * i) / DATAGRAMS)), port);
      void (i % 2 === 0 ? forger : stranger).send(forged, port);
    }
    await until(() => refusedSoFar() === DATAGRAMS && delivered.length === 10);
    grown = process.memoryUsage().rss - before;
  } finally {
    await Promise.all([receiver.close(), forger.close(), stranger.close()]);
  }

  const { peers, strangers, queued } = receiver.status();
  assert.deepEqual(peers[0]?.refused, { 'wrong-hmac': DATAGRAMS / 2 });
  assert.deepEqual(strangers, { stranger: DATAGRAMS / 2 });
  assert.equal(new Set(delivered).size, 10);
  assert.equal(queued, 0);
  assert.equal(log.lines.length, 4, 'the first refusal of either, and the others at the end');
  assert.ok(grown < 64 << 20, `${grown} bytes more than a tenth into the storm`);
});
