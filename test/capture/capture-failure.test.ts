import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDevice } from '../../src/capture/capture-device.js';
import { explainFailure, isHarmless } from '../../src/capture/capture-failure.js';

const pflog = parseDevice('pflog0');

test('what libpcap says is told apart, and told in our words', () => {
  for (const [text, code, reason] of [
    ['pflog0: No such device exists (No such device exists)', 'missing', 'no such device'],
    ['SIOCGIFHWADDR: No such device', 'missing', 'no such device'],
    ['BIOCSETIF: pflog0: Device not configured', 'missing', 'no such device'],
    ['pflog0: That device is not up', 'down', 'it is not up'],
    ['recvfrom: Network is down', 'down', 'it is not up'],
    ['socket: Operation not permitted', 'permission', 'socket: Operation not permitted'],
    [
      'NFULNL_CFG_CMD_PF_UNBIND: Operation not permitted',
      'permission',
      'NFULNL_CFG_CMD_PF_UNBIND: Operation not permitted',
    ],
    ['(cannot open BPF device) /dev/bpf: Permission denied', 'permission', undefined],
    ['pcap_loop: The interface disappeared', 'lost', 'pcap_loop: The interface disappeared'],
    [
      "can't parse filter expression:\n syntax error",
      'failed',
      "can't parse filter expression: syntax error",
    ],
  ] as const) {
    const error = explainFailure(pflog, text);
    assert.equal(error.code, code, text);
    if (reason !== undefined) assert.equal(error.message, `Cannot capture on "pflog0": ${reason}`);
  }
});

test('a group that another process holds is told from a missing privilege', () => {
  for (const reason of ['Operation not permitted', 'Device or resource busy']) {
    const error = explainFailure(parseDevice('nflog:155'), `Can't listen on group index: ${reason}`);
    assert.equal(error.code, 'busy');
    assert.match(error.message, /^Cannot capture on "nflog:155": another process listens on the group: /);
  }
});

test('the warnings of a NFLOG device are no news', () => {
  for (const line of [
    'Warning: SIOCGIFADDR: nflog:155: No such device - This may not actually work',
    'warning: nflog:155: - this may not actually work',
    '  ',
  ]) {
    assert.equal(isHarmless(line), true, line);
  }
  assert.equal(isHarmless("cb_packets: Assertion `status == 0' failed."), false);
});
