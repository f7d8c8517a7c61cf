import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isRoot } from '../../src/system/privileges.js';
import { STREAM_HEADER, synRecord } from './pflog-stream.js';
import { type Folder, inFolder, makeFifo, openFifo, type RunningDaemon } from './running-daemon.js';

const ARGS = ['-l', './log', '--config', 'config', '--pid-file', 'pid'];

const WAYS: readonly { name: string; skip: string | false; start: (folder: Folder) => RunningDaemon }[] = [
  { name: 'without privileges', skip: false, start: folder => folder.start(...ARGS) },
  {
    name: 'as root',
    skip: isRoot() ? false : 'needs root',
    start: folder => folder.startAsRoot([], ...ARGS),
  },
];

for (const { name, skip, start } of WAYS) {
  test(`${name}: a storm of SIGHUPs ends with the configuration that is there at its end`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      writeFileSync(folder.at('config'), '');
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      for (let i = 1; i <= 20; i++) {
        // Every fifth is no configuration.
        const text = i % 5 === 3 ? 'ignore = [' : `ignore = ["192.0.2.${i}/32"]\n`;
        writeFileSync(folder.at('config'), `${text}${'# the rest is slow to read\n'.repeat(2000)}`);
        daemon.signal('SIGHUP');
      }
      await daemon.logged(/^configuration read again$/);
      const from = daemon.lines.length;
      daemon.signal('SIGHUP');
      await daemon.logged(/^configuration read again$/, from);
      const writer = await openFifo(folder.at('log'));
      writer.write(Buffer.concat([STREAM_HEADER, synRecord('192.0.2.20'), synRecord('192.0.2.19')]));
      await daemon.logged(/^whitelisting 192\.0\.2\.19$/);
      assert.deepEqual(
        folder.rows().map(({ ip }) => ip),
        ['192.0.2.19'],
      );
      assert.deepEqual(Object.values(folder.status().ignored), [1]);
      writer.destroy();
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });

  test(`${name}: SIGTERM, again and again and among SIGHUPs, ends the daemon once and in order`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      writeFileSync(folder.at('config'), '');
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      const writer = await openFifo(folder.at('log'));
      await new Promise(resolve =>
        writer.write(Buffer.concat([STREAM_HEADER, synRecord('192.0.2.1'), synRecord('192.0.2.1')]), resolve),
      );
      for (const signal of [
        'SIGHUP',
        'SIGTERM',
        'SIGHUP',
        'SIGTERM',
        'SIGINT',
        'SIGUSR1',
        'SIGTERM',
      ] as const)
        daemon.signal(signal);
      const again = setInterval(() => daemon.signal('SIGTERM'), 5);
      assert.equal(await daemon.ended().finally(() => clearInterval(again)), 0);
      assert.deepEqual(
        folder.rows().map(({ ip, pcount }) => [ip, pcount]),
        [['192.0.2.1', 1]],
      );
      assert.equal(daemon.lines.filter(({ msg }) => msg === 'exiting').length, 1);
      assert.deepEqual(
        daemon.lines.filter(({ level }) => level >= 40),
        [],
      );
      assert.deepEqual(daemon.other, []);
      for (const left of ['pid', 'control', 'db.lock']) assert.ok(!existsSync(folder.at(left)), left);
      writer.destroy();
    });
  });
}
