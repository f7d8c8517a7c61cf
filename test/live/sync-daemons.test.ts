import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { until } from '../integration/running-daemon.js';
import { dottedQuad } from '../sync/helpers.js';
import { noLab } from './capture-lab.js';
import { KEY, type MailServer, onMailNetwork } from './mail-network.js';

const skip = noLab;
const PORT = '8025';
const DAY = 86_400;

/** Has a server listen on its address, and tell these others. */
function peers(self: MailServer, ...others: MailServer[]): string[] {
  return ['-y', self.address, ...others.flatMap(({ address }) => ['-Y', address])];
}

/** Waits until addresses are white in the databases and in the tables of all servers, and nothing else is. */
async function whiteOnAll(servers: readonly MailServer[], ...addresses: string[]): Promise<void> {
  const wanted = addresses.toSorted().join();
  await until(() =>
    servers.every(server => server.white().join() === wanted && server.table().join() === wanted),
  );
}

test('two daemons that are each other’s targets: whom either writes to is white on both, and it ends there', {
  skip,
}, async () => {
  await onMailNetwork(2, async (a, b) => {
    await a!.start(...peers(a!, b!));
    await b!.start(...peers(b!, a!));
    await a!.connect('198.51.100.1');
    await whiteOnAll([a!, b!], '198.51.100.1');
    await b!.connect('198.51.100.2');
    await whiteOnAll([a!, b!], '198.51.100.1', '198.51.100.2');
    for (const server of [a!, b!]) {
      const { sender, receiver } = server.sync();
      assert.equal(sender.messages, 1, 'what a peer says is not passed on');
      const [peer] = receiver.peers;
      assert.deepEqual([peer!.messages, peer!.entries, peer!.refused], [1, 1, {}]);
    }
  });
});

test('three daemons by multicast: whom one writes to is white on all', { skip }, async () => {
  await onMailNetwork(3, async (...servers) => {
    for (const server of servers) await server.start('-Y', 'mx0', '-y', 'mx0');
    const [a, b, c] = servers;
    await a!.connect('198.51.100.1', '198.51.100.2', '203.0.113.3');
    await whiteOnAll(servers, '198.51.100.1', '198.51.100.2', '203.0.113.3');
    await c!.connect('198.51.100.4');
    await whiteOnAll(servers, '198.51.100.1', '198.51.100.2', '198.51.100.4', '203.0.113.3');
    assert.equal(b!.sync().sender.messages, 0, 'what peers say is not passed on');
    assert.deepEqual(
      servers.map(server => server.sync().receiver.peers.map(peer => peer.entries)),
      [[1], [4], [3]],
      'nobody hears itself',
    );
  });
});

test('a host that is trapped on one server stays so when another one writes to it', { skip }, async () => {
  await onMailNetwork(2, async (a, b) => {
    await a!.start('-Y', b!.address);
    await b!.start('-y', b!.address, '--sync-peer', a!.address);
    b!.edit('trap', '198.51.100.66');
    await a!.connect('198.51.100.66');
    await whiteOnAll([a!], '198.51.100.66');
    await a!.connect('198.51.100.1');
    await until(() => b!.table().length > 0);
    assert.deepEqual(b!.table(), ['198.51.100.1']);
    const trapped = b!.folder.rows().find(({ ip }) => ip === '198.51.100.66');
    assert.equal(trapped!.pcount, -1);
    assert.equal(b!.sync().receiver.peers[0]!.entries, 2);
  });
});

test('a host that a peer traps leaves the table at once', { skip }, async () => {
  await onMailNetwork(2, async (a, b) => {
    await b!.start('-y', b!.address, '--sync-peer', a!.address);
    await b!.connect('198.51.100.66', '198.51.100.1');
    await whiteOnAll([b!], '198.51.100.1', '198.51.100.66');
    const peer = a!.program('sync-listener.js', a!.address, PORT);
    await peer.next(/^ready$/);
    const timestamp = Math.floor(Date.now() / 1000);
    const entry = { kind: 'trapped', timestamp, address: dottedQuad('198.51.100.66') } as const;
    const message = encodeSyncMessage({ counter: 0, entries: [{ ...entry, expire: timestamp + DAY }] }, KEY);
    peer.say(`${b!.address} ${message.toString('hex')}`);
    // The daemon looks at the whole table once an hour only.
    await whiteOnAll([b!], '198.51.100.1');
  });
});

test('what an eavesdropper sends again changes nothing, and neither does what strangers make up', {
  skip,
}, async () => {
  await onMailNetwork(3, async (a, b, eavesdropper) => {
    const other = eavesdropper!.program('sync-listener.js', eavesdropper!.address, PORT);
    await other.next(/^ready$/);
    await a!.start('-Y', b!.address, '-Y', eavesdropper!.address);
    await b!.start('-y', b!.address, '--sync-peer', a!.address);
    await a!.connect('198.51.100.1');
    const genuine = (await other.next(/^heard /)).slice('heard '.length);
    await whiteOnAll([a!, b!], '198.51.100.1');
    // An entry that a replay could bring back.
    b!.edit('delete', '198.51.100.1');
    const before = b!.folder.rows();

    const inside = a!.program('sync-listener.js', a!.address, PORT);
    await inside.next(/^ready$/);
    const flipped = Buffer.from(genuine, 'hex');
    flipped[flipped.length - 5]! ^= 1;
    for (const hex of [genuine, flipped.toString('hex')]) {
      for (const from of [inside, other]) {
        from.say(`${b!.address} ${hex}`);
        await from.next(/^sent$/);
      }
    }
    const refused = { duplicate: 1, 'wrong-hmac': 1 };
    await until(() => Object.keys(b!.sync().receiver.peers[0]!.refused).length === 2);
    await until(() => b!.sync().receiver.strangers.stranger === 2);
    assert.deepEqual(b!.sync().receiver.peers[0]!.refused, refused);
    assert.deepEqual(b!.folder.rows(), before);
    assert.equal(b!.sync().receiver.peers[0]!.messages, 1);
  });
});

test('a target that was down gets what it missed once it is back, and gets it once', { skip }, async () => {
  await onMailNetwork(2, async (a, b) => {
    const missed = Array.from({ length: 20 }, (_, i) => `203.0.113.${i + 1}`);
    const told = await a!.start('-Y', b!.address);
    const first = await b!.start('-y', b!.address, '--sync-peer', a!.address);
    await a!.connect('198.51.100.1');
    await whiteOnAll([a!, b!], '198.51.100.1');
    await first.kill();
    await a!.connect(...missed);
    await told.logged(/is unreachable \(ECONNREFUSED\)$/);
    await until(() => a!.white().length === 21);
    assert.equal(b!.white().length, 1);
    await b!.start('-y', b!.address, '--sync-peer', a!.address);
    await told.logged(/ is back after /);
    await whiteOnAll([a!, b!], '198.51.100.1', ...missed);
    const [peer] = b!.sync().receiver.peers;
    assert.deepEqual([peer!.messages, peer!.entries, peer!.refused], [1, 21, {}]);
  });
});

test('a storm of forged datagrams keeps nobody from becoming white, and the daemon small', {
  skip,
}, async t => {
  await onMailNetwork(3, async (a, b, stranger) => {
    const datagrams = 100_000;
    await a!.start('-Y', b!.address);
    await b!.start('-y', b!.address, '--sync-peer', a!.address, '--log-level', 'info');
    const forged = encodeSyncMessage(
      { counter: 0, entries: [{ kind: 'white', timestamp: 1, expire: 2, address: 1 }] },
      Buffer.from('not the key'),
    ).toString('hex');
    const storms = [a!, stranger!].map(server =>
      server.program('sync-storm.js', b!.address, PORT, `${datagrams / 2}`, forged),
    );
    const before = b!.memoryMiB();
    const seen = Array.from({ length: 50 }, (_, i) => `203.0.113.${i + 1}`);
    for (const address of seen) await b!.connect(address);
    for (const storm of storms) await storm.next(/^sent$/, 120);
    await whiteOnAll([b!], ...seen);
    await a!.connect('198.51.100.1');
    await until(() => b!.white().includes('198.51.100.1'));
    const { peers, strangers, queued, lost } = b!.sync().receiver;
    // What the system had no room for never reached the daemon.
    const refused = (peers[0]!.refused['wrong-hmac'] ?? 0) + (strangers.stranger ?? 0);
    assert.ok(refused > 1000 && refused <= datagrams, `${refused} of ${datagrams} refused`);
    assert.deepEqual([peers[0]!.entries, queued, lost], [1, 0, 0]);
    const grown = b!.memoryMiB() - before;
    t.diagnostic(
      `${refused} of ${datagrams} reached the daemon, whose engine grew by ${grown.toFixed(1)} MiB`,
    );
    assert.ok(grown < 64, `the engine has grown by ${grown} MiB`);
  });
});
