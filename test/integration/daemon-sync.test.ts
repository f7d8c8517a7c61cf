import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatIpv4 } from '../../src/address/address.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { TestSocket } from '../sync/helpers.js';
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
      const message = decodeSyncMessage(peer.heard[0]!.bytes, new Uint8Array(0));
      assert.ok(typeof message === 'object', `refused: ${message}`);
      assert.deepEqual(
        message.entries.map(entry => [entry.kind, formatIpv4(entry.address)]),
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
