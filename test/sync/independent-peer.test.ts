import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parsePrefix } from '../../src/address/prefix.js';
import { readSyncKey } from '../../src/sync/key.js';
import type { ReceivedEntry } from '../../src/sync/received-entry.js';
import { SyncReceiver } from '../../src/sync/receiver.js';
import { SyncSender } from '../../src/sync/sender.js';
import { closeAfterEach, hostTarget, TestLog, until } from './helpers.js';

const SCRIPT = fileURLToPath(new URL('../../../test/sync/independent-peer.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
const skip = hasPython ? false : 'python3 is not installed';
const DAY = 86_400;
const WHITEEXP = 36 * DAY;

const directory = mkdtempSync(join(tmpdir(), 'sync-peer-'));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill();
  rmSync(directory, { recursive: true });
});

const closing = closeAfterEach();

interface HeardMessage {
  readonly heard: { refused?: string; counter?: number; entries: unknown[]; length: number; pad: string };
  readonly database: Record<string, { pass: number; expire: number; bcount: number; pcount: number }>;
}

/** Starts the independent peer, with the key file. */
async function startPeer(keyFile: string) {
  const child = spawn('python3', [SCRIPT, keyFile], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const heard: HeardMessage[] = [];
  let port = 0;
  createInterface({ input: child.stdout }).on('line', line => {
    const message = JSON.parse(line) as HeardMessage & { port?: number };
    if (message.port === undefined) heard.push(message);
    else port = message.port;
  });
  await until(() => port !== 0);
  const send = (order: object): void => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
  };
  return { port, heard, send };
}

const secret = join(directory, 'secret.key');
writeFileSync(secret, 'secret\n', { mode: 0o600 });
const KEY_FILES = [
  ['a key', secret],
  ['no key', join(directory, 'none.key')],
] as const;

for (const [what, keyFile] of KEY_FILES) {
  test(`an independent receiver understands what we send, with ${what}`, { skip }, async () => {
    const peer = await startPeer(keyFile);
    const { key } = await readSyncKey(keyFile);
    const sender = new SyncSender({
      targets: [hostTarget('127.0.0.1')],
      key,
      port: peer.port,
      group: '224.0.1.240',
      whiteexpSeconds: WHITEEXP,
      log: new TestLog(),
      confirm: async () => new Map(),
    });
    closing.push(sender);
    await sender.start();
    const now = Math.floor(Date.now() / 1000);
    const addresses = Array.from({ length: 85 }, (_, i) => `198.51.100.${i}`);
    sender.announce(addresses.map(address => ({ address, expire: now + WHITEEXP, isNew: true })));
    await until(() => peer.heard.length === 1);
    sender.announce([{ address: '198.51.100.0', expire: now + DAY + WHITEEXP, isNew: true }]);
    await until(() => peer.heard.length === 2);

    const [first, second] = peer.heard.map(({ heard }) => heard);
    assert.equal(first?.refused, undefined);
    assert.equal(first?.counter, 0);
    assert.equal(first?.length, 1396);
    assert.equal(first?.pad, '00000000');
    assert.deepEqual(
      first?.entries.map(entry => (entry as unknown[])[3]),
      addresses,
    );
    assert.equal(second?.counter, 1);
    const { database } = peer.heard[1]!;
    assert.equal(Object.keys(database).length, 85);
    const { pass, expire, bcount, pcount } = database['198.51.100.0']!;
    assert.deepEqual(
      { pass, expire, bcount, pcount },
      { pass: 0, expire: now + WHITEEXP, bcount: 0, pcount: 2 },
    );
  });

  test(`we understand what an independent sender says, with ${what}`, { skip }, async () => {
    const peer = await startPeer(keyFile);
    const { key } = await readSyncKey(keyFile);
    const delivered: ReceivedEntry[] = [];
    const receiver = new SyncReceiver({
      listen: { kind: 'address', address: '127.0.0.1' },
      port: 0,
      group: '224.0.1.240',
      peers: [{ text: 'python', peer: { kind: 'prefix', prefix: parsePrefix('127.0.0.1')! } }],
      key,
      windowSeconds: 300,
      whiteexpSeconds: WHITEEXP,
      log: new TestLog(),
      deliver(entries) {
        delivered.push(...entries);
      },
    });
    closing.push(receiver);
    await receiver.start();
    const { port } = receiver.status().listening;
    const timestamp = Math.floor(Date.now() / 1000);
    const expire = timestamp + DAY;
    const kinds = ['white', 'trapped', 'white-deleted', 'trapped-deleted'];
    const entries = kinds.map((kind, i) => [kind, timestamp, expire, `192.0.2.${i}`]);
    peer.send({ port, counter: 0, entries });
    peer.send({ port, counter: 0, entries });
    peer.send({ port, counter: 1, entries: [['grey', timestamp, '192.0.2.9', '<a@b.c>', '<d@e.f>', 'mx']] });
    peer.send({ port, counter: 2, entries: [['white', timestamp - 3600, expire, '192.0.2.10']] });
    await until(() => Object.values(receiver.status().peers[0]!.refused).length === 2);
    assert.deepEqual(
      delivered,
      kinds.map((kind, i) => ({ kind, timestamp, expire, address: `192.0.2.${i}`, peer: 'python' })),
    );
    const { refused, messages, skipped } = receiver.status().peers[0]!;
    assert.deepEqual(
      { refused, messages, skipped },
      {
        refused: { duplicate: 1, 'wrong-time': 1 },
        messages: 2,
        skipped: { ended: 0, 'bad-address': 0, grey: 1, 'ignored-network': 0 },
      },
    );
  });
}

test('an independent receiver refuses what we send with another key', { skip }, async () => {
  const peer = await startPeer(secret);
  const sender = new SyncSender({
    targets: [hostTarget('127.0.0.1')],
    key: Buffer.from('another'),
    port: peer.port,
    group: '224.0.1.240',
    whiteexpSeconds: WHITEEXP,
    log: new TestLog(),
    confirm: async () => new Map(),
  });
  closing.push(sender);
  await sender.start();
  sender.announce([{ address: '192.0.2.1', expire: Date.now() / 1000 + DAY, isNew: true }]);
  await until(() => peer.heard.length === 1);
  assert.equal(peer.heard[0]!.heard.refused, 'hmac');
});
