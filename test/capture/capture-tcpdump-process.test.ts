import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseDevice } from '../../src/capture/capture-device.js';
import type { EndMessage } from '../../src/capture/capture-messages.js';
import { startTcpdump } from '../../src/capture/capture-tcpdump-process.js';

const path = process.env['PATH'];
after(() => {
  process.env['PATH'] = path;
});

test('where tcpdump is missing the error says what to install', async () => {
  process.env['PATH'] = '/nowhere';
  const end = await new Promise<EndMessage>(resolve =>
    startTcpdump(
      { device: parseDevice('pflog0'), ports: [25] },
      { onReady: () => {}, onCounts: () => {}, onEnd: resolve },
    ),
  );
  assert.deepEqual(end, {
    type: 'end',
    code: 'engine',
    message: 'Cannot use capture engine tcpdump: it is not installed; install tcpdump',
  });
});
