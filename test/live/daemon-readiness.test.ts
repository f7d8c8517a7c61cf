import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { findAddon } from '../../src/native/addon.js';
import { isAlive, until } from '../integration/running-daemon.js';
import { noDatagrams, receiveDatagrams } from '../system/unix-datagrams.js';
import { noLab } from './capture-lab.js';
import { onHost } from './daemon-host.js';

/** NFLOG's groups that have a reader. */
function listGroups(namespace: string): string {
  const args = ['netns', 'exec', namespace, 'cat', '/proc/net/netfilter/nfnetlink_log'];
  return execFileSync('ip', args, { encoding: 'utf8' });
}

const skip = noLab || noDatagrams || (findAddon() === undefined && 'the native addon is not built');

test('the service manager is told whenever the capture begins, is lost or waits, and is not told twice that it is ready', {
  skip,
}, async () => {
  await onHost(async host => {
    const { lab, folder } = host;
    const manager = await receiveDatagrams(folder.at('notify'));
    try {
      chmodSync(folder.at('notify'), 0o666);
      const command = ['ip', 'netns', 'exec', lab.mx, 'env', `NOTIFY_SOCKET=${folder.at('notify')}`];
      const args = ['--capture-engine', 'tcpdump', '-l', 'nflog:155'];
      const other = lab.start(lab.mx, ['tcpdump', '-i', 'nflog:155', '-l', '-n']);
      await until(() => /^ *155 /m.test(listGroups(lab.mx)));
      const daemon = folder.startAsRoot(command, ...args);
      const waiting = await manager.next();
      assert.match(
        waiting,
        /^READY=1\nSTATUS=Cannot capture on "nflog:155": .*held by tcpdump.*; trying again$/,
      );
      await other.end('SIGTERM');
      assert.match(await manager.next(), /^STATUS=Capturing on "nflog:155" with tcpdump/);
      const { capture } = host.roles(daemon.pid);
      process.kill(capture, 'SIGKILL');
      assert.match(await manager.next(), /^STATUS=Lost capture on "nflog:155": .*; trying again$/);
      assert.match(await manager.next(), /^STATUS=Capturing on "nflog:155" with tcpdump/);
      daemon.signal('SIGHUP');
      assert.match(await manager.next(), /^RELOADING=1\n/);
      assert.equal(await manager.next(), 'READY=1');
      daemon.signal('SIGTERM');
      assert.equal(await manager.next(), 'STOPPING=1');
      assert.equal(await daemon.ended(), 0);
      assert.ok(!isAlive(capture));
    } finally {
      manager.close();
    }
  });
});
