import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadyMessage } from '../../src/capture/capture-messages.js';
import { describeState } from '../../src/capture/capture-state.js';

const ready: ReadyMessage = {
  type: 'ready',
  engine: 'pcap',
  version: 'libpcap version 1.10.3',
  linkType: 117,
  filter: '',
  uid: 62,
  gid: 62,
};

test('a state is one line for the log', () => {
  assert.equal(
    describeState({ kind: 'capturing', ready }, 'pflog0'),
    'Capturing on "pflog0" with pcap (libpcap version 1.10.3)',
  );
  assert.equal(
    describeState(
      { kind: 'capturing', ready: { ...ready, engine: 'tcpdump', version: 'tcpdump' } },
      'pflog0',
    ),
    'Capturing on "pflog0" with tcpdump',
  );
  const message = 'Cannot capture on "pflog0": no such device';
  assert.equal(
    describeState({ kind: 'waiting', code: 'missing', message }, 'pflog0'),
    'Cannot capture on "pflog0": no such device; trying again',
  );
  assert.equal(describeState({ kind: 'failed', code: 'usage', message }, 'pflog0'), message);
  assert.equal(describeState({ kind: 'stopped' }, 'pflog0'), 'Stopped capturing on "pflog0"');
});
