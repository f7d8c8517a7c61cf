import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListeners, parseNetlinkSockets } from '../../src/capture/capture-nflog.js';

test('the sockets of netfilter are found among all of netlink', () => {
  const text = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
0000000000000000 0   4711       00000011 0        0        0     2        5        14836
0000000000000000 12  0          00000000 0        0        0     2        0        13390
0000000000000000 12  4711       00000000 8388224  0        0     2        49918    14861
0000000000000000 12  3221225472 00000000 0        0        0     2        0        15537
`;
  assert.deepEqual(parseNetlinkSockets(text), [
    { portId: 0, waiting: 0, drops: 0, inode: 13390 },
    { portId: 4711, waiting: 8388224, drops: 49918, inode: 14861 },
    { portId: 3221225472, waiting: 0, drops: 0, inode: 15537 },
  ]);
});

test('the listener of each group is found', () => {
  const text = '  155  4711     0 2 65535      0  1\n65535 3221225472     0 2 65535    100  1\n';
  assert.deepEqual(
    [...parseListeners(text)],
    [
      [155, 4711],
      [65535, 3221225472],
    ],
  );
});

test('an empty file, and one of another form, hold nothing', () => {
  for (const text of ['', '\n', 'something else\n']) {
    assert.deepEqual(parseNetlinkSockets(text), []);
  }
  assert.deepEqual([...parseListeners('\n')], []);
});
