import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDevice } from '../../src/capture/capture-device.js';

test('a pflog interface, NFLOG groups and any other interface are told apart', () => {
  assert.deepEqual(parseDevice('pflog0'), { name: 'pflog0', kind: 'pflog', groups: [], snapLength: 256 });
  assert.equal(parseDevice('pflog12').kind, 'pflog');
  assert.deepEqual(parseDevice('nflog:155,255'), {
    name: 'nflog:155,255',
    kind: 'nflog',
    groups: [155, 255],
    snapLength: 65_535,
  });
  for (const name of ['em0', 'veth-mx', 'pflog', 'pflogd0', 'eth0.25', 'br_lan']) {
    assert.deepEqual(parseDevice(name), { name, kind: 'interface', groups: [], snapLength: 256 });
  }
});

test('a group has one spelling', () => {
  assert.deepEqual(parseDevice('nflog:007').groups, [7]);
  assert.equal(parseDevice('nflog:007').name, 'nflog:7');
});

test('what cannot be a device is refused in one line', () => {
  for (const [name, reason] of [
    ['', 'not the name of an interface'],
    ['-w', 'not the name of an interface'],
    ['a b', 'not the name of an interface'],
    ['../pflog0', 'not the name of an interface'],
    ['a234567890123456', 'not the name of an interface'],
    ['nflog', 'want nflog:GROUP[,GROUP]'],
    ['nflog:', 'want nflog:GROUP[,GROUP]'],
    ['nflog:1,', 'want nflog:GROUP[,GROUP]'],
    ['nflog:a', 'want nflog:GROUP[,GROUP]'],
    ['nflog:65536', 'a group is at most 65535'],
    ['nflog:1,2,1', 'a group is named twice'],
    [`nflog:${Array.from({ length: 33 }, (_, i) => i).join()}`, 'at most 32 groups'],
  ] as const) {
    assert.throws(() => parseDevice(name), { message: `Cannot capture on "${name}": ${reason}` });
  }
});

test('no text is a device that libpcap or tcpdump could take for something else', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      try {
        assert.match(parseDevice(text).name, /^(nflog:[\d,]+|[A-Za-z0-9][\w.:-]{0,14})$/);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
    }),
  );
});
