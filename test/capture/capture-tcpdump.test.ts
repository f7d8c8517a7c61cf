import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDevice } from '../../src/capture/capture-device.js';
import { kernelFilter } from '../../src/capture/capture-filter.js';
import { readTcpdumpLine, tcpdumpArguments } from '../../src/capture/capture-tcpdump.js';

const account = { name: '_spamd', uid: 62, gid: 62 };

test('packets are delivered at once, and privileges given up', () => {
  const device = parseDevice('pflog0');
  assert.deepEqual(tcpdumpArguments({ device, ports: [25], account }, 'freebsd'), [
    ...['-i', 'pflog0', '-n', '-p', '-s', '256', '-w', '-'],
    ...['-U', '--immediate-mode', '-B', '10240', '-Z', '_spamd'],
    kernelFilter(device, [25]),
  ]);
});

test('NFLOG gets whole packets and no filter', () => {
  assert.deepEqual(tcpdumpArguments({ device: parseDevice('nflog:1,2'), ports: [25] }, 'linux'), [
    ...['-i', 'nflog:1,2', '-n', '-p', '-s', '65535', '-w', '-', '-U', '--immediate-mode', '-B', '10240'],
  ]);
});

test('OpenBSD’s tcpdump is asked for nothing that it does not know', () => {
  const device = parseDevice('pflog0');
  const options = tcpdumpArguments({ device, ports: [25], account }, 'openbsd').filter(arg =>
    arg.startsWith('-'),
  );
  assert.deepEqual(options, ['-i', '-n', '-p', '-s', '-w', '-']);
});

test('its lines are understood', () => {
  for (const [line, linkType] of [
    [
      'tcpdump: listening on nflog:1, link-type NFLOG (Linux netfilter log messages), snapshot length 65535 bytes',
      239,
    ],
    ['tcpdump: listening on pflog0, link-type PFLOG', 117],
    ['tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes', 1],
    ['tcpdump: listening on x0, link-type 300, snapshot length 262144 bytes', 300],
    ['tcpdump: listening on x0, link-type NEW_ONE (new), snapshot length 262144 bytes', null],
    ['listening on x0', null],
  ] as const) {
    assert.deepEqual(readTcpdumpLine(line), { kind: 'listening', linkType });
  }
  const counts = 'tcpdump: 9 packets captured, 9 packets received by filter, 1 packet dropped by kernel';
  assert.deepEqual(readTcpdumpLine(counts), { kind: 'dropped', packets: 1 });
  assert.deepEqual(readTcpdumpLine('17 packets dropped by kernel'), { kind: 'dropped', packets: 17 });
  for (const line of [
    '',
    '9 packets captured',
    '1 packet received by filter',
    '3 packets dropped by interface',
  ]) {
    assert.equal(readTcpdumpLine(line), undefined, line);
  }
  assert.deepEqual(readTcpdumpLine('tcpdump: pflog0: That device is not up'), {
    kind: 'error',
    text: 'pflog0: That device is not up',
  });
});
