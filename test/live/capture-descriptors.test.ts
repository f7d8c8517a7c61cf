import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { until } from '../integration/running-daemon.js';
import { noLab } from './capture-lab.js';
import { onHost } from './daemon-host.js';

const skip = noLab || (spawnSync('prlimit', ['--version']).status !== 0 && 'prlimit is not installed');

for (const engine of ['tcpdump', 'pcap']) {
  test(`${engine}: a capture that cannot be started for want of descriptors is tried again`, {
    skip,
  }, async () => {
    await onHost(async host => {
      const daemon = host.start(engine);
      await daemon.logged(/^capturing on /i);
      const limit = (files: string): void => {
        assert.equal(spawnSync('prlimit', ['--pid', `${daemon.pid}`, `--nofile=${files}`]).status, 0);
      };
      const told = daemon.lines.length;
      limit('4:1024');
      process.kill(host.roles(daemon.pid).capture, 'SIGKILL');
      await daemon.logged(/^cannot capture on .*too many open files; trying again$/i, told);
      limit('1024:1024');
      await until(() => daemon.lines.slice(told).some(({ msg }) => /^capturing on /i.test(msg)), 60);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });
}
