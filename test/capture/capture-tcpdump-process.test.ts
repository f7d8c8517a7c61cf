import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDevice } from '../../src/capture/capture-device.js';
import type { Lifeline } from '../../src/capture/capture-lifeline.js';
import type { EndMessage } from '../../src/capture/capture-messages.js';
import { startTcpdump } from '../../src/capture/capture-tcpdump-process.js';
import { isAlive, until } from '../integration/running-daemon.js';
import { temporaryFolder } from '../support/folder.js';

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

test('a tcpdump that cannot be tied to us is not left running', async t => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'tcpdump'), '#!/bin/sh\necho $$ >"$0.pid"; exec sleep 60\n', { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  let pid = 0;
  let isReleased = false;
  const open = (): Lifeline => ({
    descriptor: 'ignore',
    bind: bound => {
      pid = bound;
      throw new Error('no room');
    },
    release: () => {
      isReleased = true;
    },
  });
  const request = { device: parseDevice('pflog0'), ports: [25] };
  const reports = { onReady: () => {}, onCounts: () => {}, onEnd: () => {} };
  assert.throws(() => startTcpdump(request, reports, open), { message: 'no room' });
  assert.ok(isReleased);
  await until(() => !isAlive(pid));
});
