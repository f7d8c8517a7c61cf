import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPeers, Peers } from '../../src/sync/peers.js';
import { type PeerText, parseSyncPeer } from '../../src/sync/settings.js';
import { settle, TestLog, TestSurroundings } from './helpers.js';

function open(texts: readonly string[], surroundings = new TestSurroundings()) {
  const peers = texts.map(text => ({ text, peer: (parseSyncPeer(text) as { value: PeerText }).value }));
  return { surroundings, peers: new Peers(peers, surroundings, new TestLog()) };
}

test('a peer is found by its address, its prefix, or what its name resolves to', async () => {
  const surroundings = new TestSurroundings();
  surroundings.hosts = { mx2: ['192.0.2.2', '192.0.2.3'] };
  const { peers } = open(['198.51.100.7', '10.0.0.0/8', 'mx2'], surroundings);
  await settle();
  const found = ['198.51.100.7', '10.255.0.1', '192.0.2.3', '192.0.2.4', '11.0.0.0'];
  assert.deepEqual(
    found.map(address => peers.find(address)?.text),
    ['198.51.100.7', '10.0.0.0/8', 'mx2', undefined, undefined],
  );
});

test('a peer that moves is found where it is, after a look-up that a stranger may bring about', async () => {
  const { surroundings, peers } = open(['mx2']);
  surroundings.hosts = { mx2: ['192.0.2.2'] };
  await settle();
  assert.equal(peers.find('192.0.2.2')?.text, undefined);
  await surroundings.advance(30);
  assert.equal(peers.find('192.0.2.2')?.text, 'mx2');
  surroundings.hosts = { mx2: ['192.0.2.3'] };
  await surroundings.advance(30);
  peers.refresh();
  await settle();
  assert.equal(peers.find('192.0.2.2')?.text, undefined);
  assert.equal(peers.find('192.0.2.3')?.text, 'mx2');
  peers.close();
  assert.equal(surroundings.timers, 0);
});

test('unless configured, peers are the hosts we send to and the networks we multicast on', async () => {
  const interfaces = [
    { interface: 'em0', address: '192.0.2.7', cidr: '192.0.2.7/24' },
    { interface: 'em0', address: '10.9.8.7', cidr: '10.9.8.7/30' },
    { interface: 'em1', address: '172.16.0.1', cidr: '172.16.0.1/12' },
  ];
  const texts = defaultPeers(
    [
      { kind: 'interface', text: 'em0:2', interface: 'em0', ttl: 2 },
      { kind: 'host', text: '198.51.100.7', addresses: ['198.51.100.7'] },
      { kind: 'host', text: 'mx2', addresses: ['203.0.113.1'] },
    ],
    interfaces,
  );
  assert.deepEqual(
    texts.map(({ text }) => text),
    ['em0:2 (192.0.2.7/24)', 'em0:2 (10.9.8.7/30)', '198.51.100.7', 'mx2'],
  );
  const peers = new Peers(texts, new TestSurroundings(), new TestLog());
  const found = [
    '192.0.2.255',
    '192.0.3.0',
    '10.9.8.4',
    '10.9.8.8',
    '198.51.100.7',
    '203.0.113.1',
    '172.16.0.2',
  ];
  assert.deepEqual(
    found.map(address => peers.find(address)?.text),
    ['em0:2 (192.0.2.7/24)', undefined, 'em0:2 (10.9.8.7/30)', undefined, '198.51.100.7', 'mx2', undefined],
  );
});
