import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { STREAM_HEADER, synRecord } from '../integration/pflog-stream.js';
import { inFolder } from '../integration/running-daemon.js';
import { noOwnSyslog, startOwnSyslog } from './own-syslog.js';

const LOG_DAEMON = 3 << 3;
const LEVEL = { err: 3, notice: 5, info: 6, debug: 7 } as const;

test('in the system log each line of the original has the priority that it has there', {
  skip: noOwnSyslog,
}, async () => {
  const syslog = await startOwnSyslog();
  try {
    await inFolder(async folder => {
      writeFileSync(
        folder.at('log'),
        Buffer.concat([STREAM_HEADER, synRecord('192.0.2.1'), synRecord('192.0.2.2', 'out')]),
      );
      const args = ['-l', folder.at('log'), '--log', 'syslog', '-Ii', 'em0'];
      const daemon = folder.startAsRoot(syslog.inside, ...args);
      assert.equal(await daemon.ended(), 0);
      const found = new Map<string, number>();
      for (let text = ''; text !== 'exiting'; ) {
        const [, priority, said] = /^<(\d+)>spamlogd\[\d+\]: (.*)$/.exec(await syslog.nextLine())!;
        text = said!;
        found.set(text, Number(priority));
      }
      for (const [level, text] of [
        ['debug', `Listening on ${folder.at('log')} for em0 Inbound direction only.`],
        ['debug', 'inbound 192.0.2.1'],
        ['info', 'whitelisting 192.0.2.1'],
        ['notice', 'exiting'],
      ] as const) {
        assert.equal(found.get(text), LOG_DAEMON | LEVEL[level], text);
      }

      const failing = folder.startAsRoot(syslog.inside, '-l', folder.at('missing'), '--log', 'syslog');
      assert.equal(await failing.ended(), 66);
      let line = '';
      while (!/Cannot read /.test(line)) line = await syslog.nextLine();
      assert.match(line, new RegExp(`^<${LOG_DAEMON | LEVEL.err}>`));
    });
  } finally {
    syslog.close();
  }
});
