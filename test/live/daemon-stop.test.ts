import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRoot } from '../../src/system/privileges.js';
import { addresses, synStream } from '../integration/pflog-stream.js';
import { inFolder, isAlive, makeFifo, openFifo, until } from '../integration/running-daemon.js';

const PROGRAM = fileURLToPath(new URL('monitor-program.js', import.meta.url));
const skip = !isRoot() && 'needs root';

/** More than the pipe to the engine, and what waits before it, has room for. */
const MANY = 40_000;

for (const [state, sightings] of [
  ['and nothing waits for it', 0],
  ['and more waits for it than there is room for', MANY],
] as const) {
  test(`SIGTERM ends the monitor in time though the engine stands still, ${state}`, { skip }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const args = ['-l', './log', '--busy-timeout', '0', '--pid-file', 'pid'];
      const daemon = folder.startAsRoot([process.execPath, PROGRAM, '1000'], ...args);
      await daemon.logged(/^capturing on /i);
      const engine = Number(readFileSync(folder.at('db.lock'), 'utf8'));
      process.kill(engine, 'SIGSTOP');
      const writer = await openFifo(folder.at('log'));
      writer.on('error', () => {}).write(synStream(addresses(sightings)));
      daemon.signal('SIGTERM');
      const killed = await daemon.logged(/^the engine has not ended in 1 s/);
      assert.match(killed, /: it was killed, and what it had not written is lost$/);
      assert.equal(await daemon.ended(), 1);
      assert.equal(daemon.lines.at(-1)!.msg, 'exiting');
      assert.equal(daemon.lines.find(({ msg }) => msg === killed)!.level, 50);
      await until(() => !isAlive(engine));
      writer.destroy();
    });
  });
}
