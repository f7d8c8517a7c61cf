// A process on one machine of a test's network: a daemon in memory, told by lines of JSON what to do.

import { createInterface } from 'node:readline';
import { type PeerText, parseSyncPeer } from '../../src/sync/settings.js';
import { REAL_SURROUNDINGS } from '../../src/sync/surroundings.js';
import { MiniDaemon } from '../sync/mini-daemon.js';
import type { EndpointSettings } from './sync-network.js';

const settings = JSON.parse(process.argv[2]!) as EndpointSettings;

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const daemon = new MiniDaemon({
  ...settings,
  key: Buffer.from(settings.key),
  peers: settings.peers.map(text => ({ text, peer: (parseSyncPeer(text) as { value: PeerText }).value })),
  // Timers ten times as fast, so that a test need not wait long for a peer to be noticed.
  surroundings: {
    ...REAL_SURROUNDINGS,
    schedule: (milliseconds, task) => REAL_SURROUNDINGS.schedule(milliseconds / 10, task),
  },
  log: { info: log => tell({ log }), warn: log => tell({ log }), error: log => tell({ log }) },
  now: () => Date.now() / 1000,
  onReceived: ({ address }, outcome) => tell({ received: `${outcome} ${address}` }),
});

interface Order {
  readonly see?: string[];
  readonly trap?: string;
  readonly status?: true;
}

createInterface({ input: process.stdin }).on('line', line => {
  const { see, trap, status } = JSON.parse(line) as Order;
  if (see) daemon.see(see);
  if (trap) daemon.trap(trap);
  if (status) {
    tell({
      status: { table: daemon.table, sender: daemon.sender.status(), receiver: daemon.receiver.status() },
    });
  }
});

await daemon.start();
tell({ ready: true });
