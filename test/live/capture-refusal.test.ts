import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isEngineInstalled } from '../../src/capture/capture-engines.js';
import { ENGINES } from '../../src/capture/capture-messages.js';
import { CLI } from '../integration/running-daemon.js';
import { noLab } from './capture-lab.js';
import { onHost } from './daemon-host.js';

const CAPABILITIES = '+net_admin,+net_raw';

/** Who runs the daemon: root, or another with the rights to capture. */
const USERS: readonly (readonly [string, readonly string[]])[] = [
  ['root', []],
  [
    'another user',
    [
      ...['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'],
      ...['--inh-caps', CAPABILITIES, '--ambient-caps', CAPABILITIES],
    ],
  ],
];

for (const engine of ENGINES) {
  for (const [who, command] of USERS) {
    test(`${engine}, started by ${who}: an interface that is no log is refused before the background`, {
      skip: noLab || (!isEngineInstalled(engine) && `${engine} is not installed`),
    }, async () => {
      await onHost(async ({ lab, folder }) => {
        const inside = ['netns', 'exec', lab.mx, ...command, process.execPath, CLI];
        const pidFile = ['--pid-file', folder.at('pid')];
        const what = ['--capture-engine', engine, '-l', 'lo'];
        const options = [...folder.options, ...pidFile, '--user', 'nobody', ...what];
        const { status, stderr } = spawnSync('ip', [...inside, ...options], {
          encoding: 'utf8',
          timeout: 60_000,
        });
        if (status === 0) process.kill(Number(readFileSync(folder.at('pid'), 'utf8')), 'SIGKILL');
        assert.equal(
          stderr,
          'spamlogd: Cannot capture on "lo": link type 1 (EN10MB) is not supported; only 117 (pflog) and 239 (NFLOG) are read\n',
        );
        assert.equal(status, 1);
      });
    });
  }
}
