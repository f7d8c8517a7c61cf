import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, before, describe, test } from 'node:test';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { dottedQuad, hostTarget, until } from '../sync/helpers.js';
import { address, type Endpoint, type EndpointSettings, Network, reasonToSkip } from './sync-network.js';

const KEY = 'fc683cd9ed1990ca2ea10b84e5e6fba048c24929';
const PORT = 8025;
const GROUP = '224.0.1.240';
const MACHINES = 4;
const skip = reasonToSkip();

const COMMON = { key: KEY, port: PORT, group: GROUP, windowSeconds: 300, whiteexpSeconds: 3_110_400 };
const MULTICAST: EndpointSettings = {
  ...COMMON,
  listen: { kind: 'interface', interface: 'mx0' },
  targets: [{ kind: 'interface', text: 'mx0', interface: 'mx0', ttl: 1 }],
  peers: [1, 2, 3].map(address),
};

/** A machine that listens on its address and tells the given ones. */
function unicast(machine: number, others: readonly number[]): EndpointSettings {
  return {
    ...COMMON,
    listen: { kind: 'address', address: address(machine) },
    targets: others.map(other => hostTarget(address(other))),
    peers: others.map(address),
  };
}

describe('on a real network', { skip }, () => {
  let network: Network;
  before(() => {
    network = new Network(MACHINES);
  });
  const running: Endpoint[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map(endpoint => endpoint.stop()));
  });
  after(() => network?.remove());

  async function start(machine: number, settings: EndpointSettings): Promise<Endpoint> {
    const endpoint = await network.start(machine, settings);
    running.push(endpoint);
    return endpoint;
  }

  /** Sends bytes from a machine, in a process of its own. */
  function send(machine: number, bytes: Uint8Array, to: string): void {
    const script = `
      const socket = require('dgram').createSocket('udp4');
      socket.bind(0, '${address(machine)}', () => {
        socket.send(Buffer.from('${Buffer.from(bytes).toString('hex')}', 'hex'), ${PORT}, '${to}', () => socket.close());
      });`;
    execFileSync('ip', ['netns', 'exec', network.name(machine), process.execPath, '-e', script]);
  }

  function forge(...addresses: string[]): Buffer {
    const timestamp = Math.floor(Date.now() / 1000);
    const entries = addresses.map(one => {
      return { kind: 'white', timestamp, expire: timestamp + 1000, address: dottedQuad(one) } as const;
    });
    return encodeSyncMessage({ counter: 0, entries }, Buffer.from(KEY));
  }

  test('two machines that are each other’s targets know what either sees', async () => {
    const a = await start(1, unicast(1, [2]));
    const b = await start(2, unicast(2, [1]));
    a.see(['192.0.2.1', '192.0.2.2']);
    await until(() => b.received.length === 2);
    b.see(['192.0.2.3']);
    await until(() => a.received.length === 1);
    assert.deepEqual((await b.status()).table, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    assert.deepEqual((await a.status()).table, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    assert.equal((await a.status()).sender.messages, 1);
    assert.equal((await b.status()).sender.messages, 1);
    assert.equal((await b.status()).receiver.peers[0]?.lastAddress, address(1));
  });

  test('what one machine sees is white on all by multicast, and its own messages are not heard', async () => {
    const a = await start(1, MULTICAST);
    const b = await start(2, MULTICAST);
    const c = await start(3, MULTICAST);
    a.see(['192.0.2.1']);
    await until(() => b.received.length === 1 && c.received.length === 1);
    c.see(['192.0.2.1', '192.0.2.4']);
    await until(() => a.received.length === 2 && b.received.length === 3);
    assert.deepEqual((await a.status()).table, ['192.0.2.1', '192.0.2.4']);
    assert.deepEqual((await b.status()).table, ['192.0.2.1', '192.0.2.4']);
    const { receiver } = await a.status();
    assert.equal(receiver.peers[0]?.messages, 0);
    assert.deepEqual(receiver.strangers, {});
    assert.deepEqual(a.received, ['kept 192.0.2.1', 'added 192.0.2.4']);
  });

  test('a machine that is told by multicast and by its address takes it for one message', async () => {
    const both = { ...MULTICAST, targets: [...MULTICAST.targets, hostTarget(address(2))] };
    const a = await start(1, both);
    const b = await start(2, MULTICAST);
    a.see(['192.0.2.1']);
    await until(() => b.received.length === 1);
    let refused = {};
    while (Object.keys(refused).length === 0) refused = (await b.status()).receiver.peers[0]!.refused;
    assert.deepEqual(refused, { duplicate: 1 });
    assert.deepEqual(b.received, ['added 192.0.2.1']);
  });

  test('one group does not hear the other', async () => {
    const greyd = { ...MULTICAST, group: '224.0.1.241' };
    const a = await start(1, MULTICAST);
    const b = await start(2, greyd);
    const c = await start(3, MULTICAST);
    a.see(['192.0.2.1']);
    await until(() => c.received.length === 1);
    assert.deepEqual((await b.status()).table, []);
  });

  test('strangers and replayed datagrams change nothing, and what is trapped stays so', async () => {
    const b = await start(2, MULTICAST);
    b.trap('192.0.2.66');
    const genuine = forge('192.0.2.1', '192.0.2.66');
    send(1, genuine, address(2));
    await until(() => b.received.length === 2);
    assert.deepEqual(b.received, ['added 192.0.2.1', 'trapped 192.0.2.66']);
    send(1, genuine, address(2));
    send(3, genuine, GROUP);
    send(4, forge('192.0.2.7'), address(2));
    const forged = forge('192.0.2.8');
    forged[31]! ^= 1;
    send(1, forged, address(2));
    const refusals = async (): Promise<number> =>
      Object.keys((await b.status()).receiver.peers[0]?.refused ?? {}).length;
    while ((await refusals()) < 2) await new Promise(resolve => setTimeout(resolve, 20));
    const { receiver, table } = await b.status();
    assert.deepEqual(table, ['192.0.2.1']);
    assert.deepEqual(receiver.strangers, { stranger: 1 });
    assert.deepEqual(receiver.peers[0]?.refused, { duplicate: 1, 'wrong-hmac': 1 });
    assert.equal(b.received.length, 2);
  });

  test('a peer that was down is brought up to date once it is back', async () => {
    const a = await start(1, unicast(1, [2]));
    const addresses = Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`);
    a.see(addresses);
    await until(() => a.log.some(line => line.includes('ECONNREFUSED')));
    const b = await start(2, unicast(2, [1]));
    const end = Date.now() + 30_000;
    while ((await b.status()).table.length < 200 && Date.now() < end) {
      await new Promise(resolve => setTimeout(resolve, 200));
    }
    assert.equal((await b.status()).table.length, 200);
    assert.deepEqual(a.log, [
      `Sync target ${address(2)} is unreachable (ECONNREFUSED)`,
      ...a.log.slice(1).filter(line => line.startsWith(`Sync target ${address(2)} is back after `)),
    ]);
    assert.equal(a.log.length, 2);
  });

  for (const [how, settings] of [
    ['its address', unicast(1, [2])],
    ['multicast', MULTICAST],
  ] as const) {
    test(`what a machine sees while its own interface is down is sent by ${how} once it is up`, async () => {
      const a = await start(1, settings);
      const b = await start(2, { ...MULTICAST, peers: [address(1)] });
      network.setInterface(1, 'down');
      try {
        a.see(['192.0.2.1']);
        await until(() => a.log.some(line => line.includes('is unreachable')));
      } finally {
        network.setInterface(1, 'up');
      }
      const end = Date.now() + 30_000;
      while (b.received.length === 0 && Date.now() < end)
        await new Promise(resolve => setTimeout(resolve, 100));
      assert.deepEqual((await b.status()).table, ['192.0.2.1']);
      assert.match(a.log[0]!, / is unreachable \((ENETUNREACH|ENODEV|EINVAL|EADDRNOTAVAIL)\)$/);
    });
  }
});
