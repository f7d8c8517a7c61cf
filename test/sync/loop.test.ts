import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '../../src/address/prefix.js';
import type { SyncOutcome } from '../../src/whitelist/apply-sync.js';
import {
  closeAfterEach,
  hostTarget,
  settle,
  TestLog,
  TestSocket,
  TestSurroundings,
  until,
} from './helpers.js';
import { MiniDaemon } from './mini-daemon.js';

const NOW = 1_700_000_000;
const WHITEEXP = 36 * 86_400;

const closing = closeAfterEach();

/** Two daemons that are each other's targets, on 127.0.0.11 and 127.0.0.12. */
async function openPair(isEcho = false) {
  const surroundings = new TestSurroundings();
  const spare = await new TestSocket().open();
  const { port } = spare;
  await spare.close();
  const outcomes: SyncOutcome[][] = [[], []];
  const addresses = ['127.0.0.11', '127.0.0.12'];
  const daemons = addresses.map((address, i): MiniDaemon => {
    const daemon: MiniDaemon = new MiniDaemon({
      listen: { kind: 'address', address },
      targets: [hostTarget(addresses[1 - i]!)],
      // On the loopback everybody sends from 127.0.0.1.
      peers: [{ text: 'peer', peer: { kind: 'prefix', prefix: parsePrefix('127.0.0.1')! } }],
      key: new Uint8Array(0),
      port,
      group: '224.0.1.240',
      windowSeconds: 300,
      whiteexpSeconds: WHITEEXP,
      log: new TestLog(),
      surroundings,
      now: () => surroundings.now(),
      onReceived(entry, outcome) {
        outcomes[i]!.push(outcome);
        const isChange = outcome === 'added' || outcome === 'refreshed';
        if (isEcho && isChange) daemon.sender.announce([{ ...entry, isNew: outcome === 'added' }]);
      },
    });
    closing.push(daemon);
    return daemon;
  });
  for (const daemon of daemons) await daemon.start();
  const [a, b] = daemons as [MiniDaemon, MiniDaemon];
  return { a, b, surroundings, outcomes };
}

test('what one daemon sees is white at the other, and nothing comes back', async () => {
  const { a, b, surroundings, outcomes } = await openPair();
  a.see(['192.0.2.1']);
  await until(() => b.table.length === 1);
  await surroundings.advance(3600);
  await until(() => outcomes[1]!.length === 4);
  assert.deepEqual(outcomes, [[], ['added', 'kept', 'kept', 'kept']]);
  assert.equal(b.sender.status().messages, 0);
  assert.deepEqual(b.entries.get('192.0.2.1'), {
    first: NOW,
    pass: NOW,
    expire: NOW + WHITEEXP,
    bcount: 0,
    pcount: 0,
  });
});

test('even daemons that sent on what they receive would be silent after one answer', async () => {
  const { a, b, outcomes } = await openPair(true);
  a.see(['192.0.2.1']);
  await until(() => outcomes[0]!.length === 1);
  for (let i = 0; i < 10; i++) await settle();
  assert.deepEqual(outcomes, [['kept'], ['added']]);
  assert.deepEqual([a.sender.status().messages, b.sender.status().messages], [1, 1]);
});

test('what is trapped stays trapped, here and there, and is not said again', async () => {
  const { a, b, surroundings, outcomes } = await openPair();
  b.trap('192.0.2.1');
  a.see(['192.0.2.1']);
  await until(() => outcomes[1]!.length === 1);
  assert.deepEqual(outcomes[1], ['trapped']);
  assert.deepEqual(b.table, []);
  a.trap('192.0.2.1');
  await surroundings.advance(1000);
  await settle();
  assert.equal(a.sender.status().messages, 1);
  a.see(['192.0.2.1']);
  assert.equal(a.sender.status().messages, 1);
});
