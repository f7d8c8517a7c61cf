// Rules that are guarded by hand, in a daemon that cannot ask pf for them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { synStream } from './pflog-stream.js';
import { inFolder, makeFifo, openFifo, type RunningDaemon, until } from './running-daemon.js';

const GUARDED = /^what rule 7 logs does not count/;

async function write(path: string, address: string, daemon: RunningDaemon, line: RegExp): Promise<void> {
  const told = daemon.lines.length;
  const writer = await openFifo(path);
  writer.end(synStream([address]));
  await once(writer, 'close');
  await daemon.logged(line, told);
}

test('SIGHUP guards other rules by hand, and no more those that are not named any longer', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    writeFileSync(folder.at('config'), '');
    const daemon = folder.start('-l', './log', '--config', 'config');
    await daemon.logged(/^capturing on /i);
    const reload = async (text: string): Promise<void> => {
      const told = daemon.lines.length;
      writeFileSync(folder.at('config'), text);
      daemon.signal('SIGHUP');
      await daemon.logged(/^configuration read again$/, told);
    };
    await write(folder.at('log'), '192.0.2.1', daemon, /^whitelisting 192\.0\.2\.1$/);
    await reload('guard-rules = [7]\n');
    await write(folder.at('log'), '192.0.2.2', daemon, GUARDED);
    await reload('');
    await write(folder.at('log'), '192.0.2.3', daemon, /^whitelisting 192\.0\.2\.3$/);
    assert.deepEqual(
      folder.rows().map(({ ip }) => ip),
      ['192.0.2.1', '192.0.2.3'],
    );
  });
});

test('that a rule is guarded is said once, however many captures its records come in', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log', '--guard-rules', '7');
    await daemon.logged(/^capturing on /i);
    for (let packets = 1; packets <= 3; packets++) {
      const writer = await openFifo(folder.at('log'));
      writer.end(synStream(['192.0.2.1']));
      await once(writer, 'close');
      await until(() => folder.status().packets === packets);
    }
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(daemon.lines.filter(({ msg }) => GUARDED.test(msg)).length, 1);
  });
});
