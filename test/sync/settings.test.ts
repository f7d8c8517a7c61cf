import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePrefix } from '../../src/address/prefix.js';
import {
  parseSyncGroup,
  parseSyncListen,
  parseSyncPeer,
  parseSyncPort,
  parseSyncTarget,
  parseSyncWindow,
} from '../../src/sync/settings.js';

test('-Y is an address, a name, or an interface with its ttl', () => {
  assert.deepEqual(parseSyncTarget('192.0.2.7'), { value: { kind: 'address', address: '192.0.2.7' } });
  for (const name of ['mx2', 'mx2.example.org', 'mx2.example.org.', 'em0', 'br-lan']) {
    assert.deepEqual(parseSyncTarget(name), { value: { kind: 'name', name } });
  }
  const interfaces: [string, string, number][] = [
    ['em0:1', 'em0', 1],
    ['em0:255', 'em0', 255],
    ['eth0.100:4', 'eth0.100', 4],
    ['eth0.100', 'eth0.100', 1],
    ['wg-mx@peer', 'wg-mx@peer', 1],
  ];
  for (const [text, name, ttl] of interfaces) {
    assert.deepEqual(parseSyncTarget(text), { value: { kind: 'interface', interface: name, ttl } });
  }
});

test('what -Y cannot be is said', () => {
  const ttl = 'has a ttl that is not a number from 1 to 255';
  const neither = 'is neither a host nor an interface[:ttl]';
  const noAddress = 'is neither an IPv4 address nor an interface[:ttl]';
  const wrong: [string, string][] = [
    ['2001:db8::1', 'is an IPv6 address, which the protocol has no room for'],
    ['em0:', ttl],
    ['em0:0', ttl],
    ['em0:256', ttl],
    ['em0:1x', ttl],
    ['em0:-1', ttl],
    [':1', neither],
    ['a b', neither],
    ['mx/2', neither],
    ['interface-with-a-long-name:1', neither],
    ['', noAddress],
    ['192.0.2', noAddress],
    ['192.0.2.256', noAddress],
  ];
  for (const [text, error] of wrong) assert.deepEqual(parseSyncTarget(text), { error }, text);
});

test('-y is an address of ours or an interface', () => {
  assert.deepEqual(parseSyncListen('192.0.2.7'), { value: { kind: 'address', address: '192.0.2.7' } });
  assert.deepEqual(parseSyncListen('em0'), { value: { kind: 'interface', interface: 'em0' } });
  assert.deepEqual(parseSyncListen('::'), {
    error: 'is an IPv6 address, which the protocol has no room for',
  });
  assert.deepEqual(parseSyncListen('em0:1'), { error: 'is neither an IPv4 address nor an interface' });
});

test('a peer is a host, an address or a prefix', () => {
  assert.deepEqual(parseSyncPeer('mx2.example.org'), { value: { kind: 'host', name: 'mx2.example.org' } });
  for (const text of ['192.0.2.7', '192.0.2.0/24']) {
    assert.deepEqual(parseSyncPeer(text), { value: { kind: 'prefix', prefix: parsePrefix(text) } });
  }
  for (const text of ['2001:db8::1', '::ffff:192.0.2.1', '2001:db8::/32']) {
    assert.deepEqual(parseSyncPeer(text), { error: 'is IPv6, which the protocol has no room for' });
  }
  const error = 'is neither a host, an IPv4 address nor an IPv4 prefix without host bits';
  for (const text of ['', '192.0.2.7/24', '192.0.2', '10.0x1', 'mx 2', '-mx', 'mx..2']) {
    assert.deepEqual(parseSyncPeer(text), { error }, text);
  }
});

test('a group is a multicast address', () => {
  for (const group of ['224.0.1.240', '224.0.1.241', '239.255.255.255']) {
    assert.deepEqual(parseSyncGroup(group), { value: group });
  }
  for (const text of ['223.255.255.255', '240.0.0.0', 'ff02::1', 'all', '']) {
    assert.deepEqual(parseSyncGroup(text), {
      error: 'is not a multicast address (224.0.0.0 to 239.255.255.255)',
    });
  }
});

test('port and window are whole numbers within their bounds', () => {
  assert.deepEqual([parseSyncPort('1'), parseSyncPort('65535')], [{ value: 1 }, { value: 65535 }]);
  assert.deepEqual([parseSyncWindow('1'), parseSyncWindow('86400')], [{ value: 1 }, { value: 86400 }]);
  for (const text of ['', '0', '65536', '1e3', '0x10', ' 1', '1.5', '9999999999']) {
    assert.deepEqual(parseSyncPort(text), { error: 'is not a port from 1 to 65535' }, text);
  }
  for (const text of ['', '0', '86401', '5m']) {
    assert.deepEqual(parseSyncWindow(text), { error: 'is not a number of seconds from 1 to 86400' }, text);
  }
});

test('no text makes a parser throw', () => {
  const parsers = [parseSyncTarget, parseSyncListen, parseSyncPeer, parseSyncGroup, parseSyncPort];
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const parse of parsers) assert.ok('value' in parse(text) || 'error' in parse(text));
    }),
  );
});
