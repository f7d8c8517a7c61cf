// A named pipe whose writers write something else than a capture.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isRoot } from '../../src/system/privileges.js';
import { synStream } from './pflog-stream.js';
import { type Folder, inFolder, makeFifo, openFifo, type RunningDaemon, until } from './running-daemon.js';

/** Starts a daemon on a named pipe, as one process or as three. */
type Start = (folder: Folder) => RunningDaemon;

const ROLES: readonly (readonly [how: string, skip: false | string, start: Start])[] = [
  ['in one process', false, folder => folder.start('-l', './log')],
  ['in three processes', !isRoot() && 'needs root', folder => folder.startAsRoot([], '-l', './log')],
];

/** A writer that is another program, ended with the test. */
function startWriter(t: TestContext, folder: Folder, script: string): ChildProcess {
  const writer = spawn('sh', ['-c', script, folder.at('log')], { stdio: 'ignore' });
  t.after(() => writer.kill('SIGKILL'));
  return writer;
}

async function endWriter(writer: ChildProcess): Promise<void> {
  const ended = once(writer, 'exit');
  writer.kill('SIGKILL');
  await ended;
}

/** A writer that opens the pipe before the end of the one before it was seen is taken for a part of that. */
async function writeUntilSeen(folder: Folder, address: string): Promise<void> {
  await until(async () => {
    const writer = await openFifo(folder.at('log'));
    writer.on('error', () => {}).end(synStream([address]));
    await once(writer, 'close');
    await setTimeout(100);
    return folder.rows().some(({ ip }) => ip === address);
  });
}

function complaints(daemon: RunningDaemon): string[] {
  return daemon.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
}

for (const [how, skip, start] of ROLES) {
  test(`${how}: what is no capture is said once and passed over until its writer ends`, {
    skip,
  }, async t => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      const writer = startWriter(t, folder, 'exec yes >"$0"');
      await daemon.logged(/^capture stream is not/);
      await setTimeout(1000);
      assert.equal(complaints(daemon).length, 1, complaints(daemon).slice(0, 10).join('\n'));
      await endWriter(writer);
      await writeUntilSeen(folder, '192.0.2.1');
      assert.equal(complaints(daemon).length, 1, complaints(daemon).join('\n'));
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });

  test(`${how}: while a writer is passed over the status says so, and a daemon told to end has done its work`, {
    skip,
  }, async t => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      const writer = startWriter(t, folder, 'exec yes >"$0"');
      await daemon.logged(/^capture stream is not/);
      await until(() => folder.status().capture.state === 'waiting');
      assert.match(
        folder.status().capture.message!,
        /log" is passed over until its writer ends: .* is not a capture file/,
      );
      await endWriter(writer);
      await until(() => folder.status().capture.state === 'capturing');
      startWriter(t, folder, 'exec yes >"$0"');
      await until(() => folder.status().capture.state === 'waiting');
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
      assert.equal(complaints(daemon).length, 1, complaints(daemon).join('\n'));
      assert.equal(daemon.lines.filter(({ msg }) => /^capturing on /i.test(msg)).length, 1);
    });
  });

  test(`${how}: writers of no captures are told of once until one writes a capture`, { skip }, async t => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const daemon = start(folder);
      await daemon.logged(/^capturing on /i);
      for (const address of ['192.0.2.1', '192.0.2.2']) {
        const told = daemon.lines.length;
        const before = complaints(daemon).length;
        // One byte is a header cut off; more of them, from writers that follow one another closely, are none.
        const writer = startWriter(t, folder, 'while :; do printf x >"$0"; sleep 0.01; done');
        await daemon.logged(/^capture stream (is not|ends inside the file header)/, told);
        await setTimeout(1000);
        const said = complaints(daemon).slice(before);
        assert.deepEqual(said, [...new Set(said)]);
        await endWriter(writer);
        await writeUntilSeen(folder, address);
      }
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });
}

test('a capture that is damaged in the same place again is said once, and in another place anew', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log');
    await daemon.logged(/^capturing on /i);
    const damage = Buffer.alloc(100, 0xff);
    const feed = async (stream: Buffer): Promise<void> => {
      const { packets } = folder.status();
      await until(async () => {
        const writer = await openFifo(folder.at('log'));
        writer.on('error', () => {}).end(stream);
        await once(writer, 'close');
        await setTimeout(100);
        return folder.status().packets > packets;
      });
    };
    const short = Buffer.concat([synStream(['192.0.2.1']), damage]);
    await feed(short);
    await feed(short);
    await feed(short);
    assert.equal(complaints(daemon).length, 1, complaints(daemon).join('\n'));
    await feed(Buffer.concat([synStream(['192.0.2.1', '192.0.2.2']), damage]));
    await until(() => complaints(daemon).length === 2);
    daemon.signal('SIGTERM');
    await daemon.ended();
  });
});

test('a FIFO whose writer wrote no capture waits for the next writer', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log');
    await daemon.logged(/^capturing on /i);
    const writer = await openFifo(folder.at('log'));
    writer.on('error', () => {}).end('x'.repeat(100));
    await once(writer, 'close');
    await daemon.logged(/^capture stream is not/);
    await writeUntilSeen(folder, '192.0.2.2');
    daemon.signal('SIGINT');
    assert.equal(await daemon.ended(), 0);
  });
});
