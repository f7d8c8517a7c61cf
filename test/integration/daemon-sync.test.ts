import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { formatIpv4 } from '../../src/address/address.js';
import type { SyncReceiverStatus } from '../../src/sync/receiver.js';
import type { SyncAddressKind } from '../../src/wire/sync-message.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { dottedQuad, TestSocket } from '../sync/helpers.js';
import { synStream } from './pflog-stream.js';
import { inFolder, makeFifo, openFifo, until } from './running-daemon.js';

/** A port that nobody has at the moment. */
async function freePort(): Promise<string> {
  const socket = await new TestSocket().open();
  const { port } = socket;
  await socket.close();
  return `${port}`;
}

test('a peer is told of what was seen last before the end', async () => {
  await inFolder(async folder => {
    const peer = await new TestSocket().open();
    try {
      writeFileSync(folder.at('log'), synStream(['192.0.2.1', '192.0.2.2']));
      const targets = ['-Y', '127.0.0.1', '--sync-port', `${peer.port}`, '--sync-key', './no-key'];
      const { status, stderr } = folder.run('-D', '-l', './log', ...targets, ...folder.options);
      assert.equal(status, 0, stderr);
      await until(() => peer.heard.length > 0, 5);
      const told = decodeSyncMessage(peer.heard[0]!.bytes, new Uint8Array(0));
      assert.ok(typeof told === 'object', `refused: ${told}`);
      assert.deepEqual(
        told.entries.map(entry => [entry.kind, formatIpv4(entry.address)]),
        [
          ['white', '192.0.2.1'],
          ['white', '192.0.2.2'],
        ],
      );
    } finally {
      await peer.close();
    }
  });
});

test('what one daemon sees is white at its peer, and a missing key is told loudly', async () => {
  await inFolder(async told =>
    inFolder(async telling => {
      const port = ['--sync-port', await freePort(), '--sync-key', './no-key'];
      // On the loopback everybody sends from 127.0.0.1.
      const listen = ['-y', '127.0.0.12', '--sync-peer', '127.0.0.1', ...port];
      makeFifo(told.at('log'));
      makeFifo(telling.at('log'));
      const b = told.start('-l', './log', ...listen);
      await b.logged(/^capturing on /i);
      const a = telling.start('-l', './log', '-Y', '127.0.0.12', ...port);
      await a.logged(/^capturing on /i);
      for (const daemon of [a, b]) await daemon.logged(/no-key" is missing: anyone can forge sync messages$/);
      const writer = await openFifo(telling.at('log'));
      writer.write(synStream(['192.0.2.1']));
      await b.logged(/^whitelisting 192\.0\.2\.1, as a peer says$/);
      await until(() => told.rows().length === 1);
      assert.equal(telling.rows()[0]!.ip, '192.0.2.1');
      assert.equal(told.rows()[0]!.expire, telling.rows()[0]!.expire);
      writer.destroy();
    }),
  );
});

/** A message of this moment. */
function message(kind: SyncAddressKind, counter: number, ...addresses: string[]): Buffer {
  return lasting(3600, kind, counter, ...addresses);
}

/** The same, of entries that end so many seconds from now. */
function lasting(seconds: number, kind: SyncAddressKind, counter: number, ...addresses: string[]): Buffer {
  const timestamp = Math.floor(Date.now() / 1000);
  const entries = addresses.map(address => {
    return { kind, timestamp, expire: timestamp + seconds, address: dottedQuad(address) };
  });
  return encodeSyncMessage({ counter, entries }, new Uint8Array(0));
}

/** Sends to a daemon of this machine. */
async function tell(port: string, bytes: Buffer): Promise<void> {
  const socket = await new TestSocket().open();
  await socket.send(bytes, Number(port), '127.0.0.12');
  await socket.close();
}

test('what a peer says of an ignored network does not become white, a network that a reload adds included', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    writeFileSync(folder.at('networks'), '198.51.100.0/24\n');
    const port = await freePort();
    const listening = ['-y', '127.0.0.12', '--sync-peer', '127.0.0.1', '--sync-port', port];
    const ignoring = ['--ignore', '192.0.2.0/24', '--ignore-file', './networks'];
    const daemon = folder.start('-l', './log', '--sync-key', './no-key', ...listening, ...ignoring);
    await daemon.logged(/^capturing on |^waiting for /i);
    await tell(port, message('white', 0, '192.0.2.1', '198.51.100.1', '203.0.113.1'));
    await daemon.logged(/^whitelisting 203\.0\.113\.1, as a peer says$/);
    writeFileSync(folder.at('networks'), '203.0.113.0/24\n');
    daemon.signal('SIGHUP');
    await daemon.logged(/^configuration read again$/);
    await tell(port, message('white', 1, '203.0.113.2', '198.51.100.2'));
    await daemon.logged(/^whitelisting 198\.51\.100\.2, as a peer says$/);
    const { sync } = folder.status() as unknown as { sync: { receiver: SyncReceiverStatus } };
    assert.equal(sync.receiver.peers[0]!.skipped['ignored-network'], 3);
    assert.deepEqual(
      folder.rows().map(({ ip }) => ip),
      ['198.51.100.2', '203.0.113.1'],
    );
  });
});

test('what a peer says lasts for as long as a reload has said, longer or shorter', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const port = await freePort();
    const listening = ['-y', '127.0.0.12', '--sync-peer', '127.0.0.1', '--sync-port', port];
    const hours = (life: number): void => writeFileSync(folder.at('config'), `whiteexp = ${life}\n`);
    hours(24);
    const args = ['--sync-key', './no-key', '--config', 'config', ...listening];
    const daemon = folder.start('-l', './log', ...args);
    await daemon.logged(/^capturing on |^waiting for /i);
    for (const [counter, life] of [24, 12, 36].entries()) {
      const address = `192.0.2.${life}`;
      const told = daemon.lines.length;
      hours(life);
      daemon.signal('SIGHUP');
      await daemon.logged(/^configuration read again$/, told);
      await tell(port, lasting(48 * 3600, 'white', counter, address));
      await daemon.logged(/^whitelisting .*, as a peer says$/, told);
      const { expire } = folder.rows().find(({ ip }) => ip === address)!;
      assert.equal(Math.round((expire - Date.now() / 1000) / 3600), life);
    }
  });
});

test('that what peers say is lost is said once, until the database takes it again', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const port = await freePort();
    const listening = ['-y', '127.0.0.12', '--sync-peer', '127.0.0.1', '--sync-port', port];
    const args = ['--sync-key', './no-key', '--busy-timeout', '0', ...listening];
    const daemon = folder.start('-l', './log', ...args);
    await daemon.logged(/^capturing on |^waiting for /i);
    const receiver = (): SyncReceiverStatus =>
      (folder.status() as unknown as { sync: { receiver: SyncReceiverStatus } }).sync.receiver;
    const losses = (): string[] => daemon.lines.map(({ msg }) => msg).filter(msg => /peers .*lost/.test(msg));
    const other = new Database(folder.database);
    for (const times of [1, 2]) {
      other.exec('BEGIN IMMEDIATE');
      for (let i = 1; i <= 3; i++) {
        await tell(port, message('white', 10 * times + i, `192.0.2.${i}`));
        await until(() => receiver().lost === 3 * (times - 1) + i);
      }
      other.exec('ROLLBACK');
      await tell(port, message('white', 10 * times, `192.0.2.${10 * times}`));
      await daemon.logged(new RegExp(`^whitelisting 192\\.0\\.2\\.${10 * times}, as a peer says$`));
      assert.equal(losses().length, times, losses().join('\n'));
    }
    other.close();
  });
});

test('a message that was accepted is not accepted again after a restart', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const port = await freePort();
    const listening = ['-y', '127.0.0.12', '--sync-peer', '127.0.0.1', '--sync-port', port];
    const args = ['-l', './log', '--sync-key', './no-key', ...listening];
    const first = folder.start(...args);
    await first.logged(/^capturing on |^waiting for /i);
    const white = message('white', 0, '192.0.2.1', '192.0.2.2');
    await tell(port, white);
    await first.logged(/^whitelisting 192\.0\.2\.2, as a peer says$/);
    await tell(port, message('white-deleted', 1, '192.0.2.1'));
    await until(() => folder.rows().length === 1);
    await first.kill();
    const second = folder.start(...args);
    await second.logged(/^capturing on |^waiting for /i);
    await tell(port, white);
    await second.logged(/^Sync: refused datagrams, the last one of 127\.0\.0\.1: 1 sent before$/);
    assert.deepEqual(
      folder.rows().map(({ ip }) => ip),
      ['192.0.2.2'],
    );
  });
});
