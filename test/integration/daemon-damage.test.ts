// A damaged capture that another program made, on standard input and in a file: there is no other to wait for.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isRoot } from '../../src/system/privileges.js';
import { addresses, STREAM_HEADER, synStream } from './pflog-stream.js';
import { type Folder, inFolder, type RunningDaemon, until } from './running-daemon.js';

/** Starts a daemon, as one process or as three. */
type Start = (folder: Folder, ...args: string[]) => RunningDaemon;

const ROLES: readonly (readonly [how: string, skip: false | string, start: Start])[] = [
  ['in one process', false, (folder, ...args) => folder.start(...args)],
  ['in three processes', !isRoot() && 'needs root', (folder, ...args) => folder.startAsRoot([], ...args)],
];

const SEEN = addresses(1000);
const WHOLE = synStream(SEEN);
const DAMAGED = Buffer.concat([WHOLE, Buffer.alloc(100, 0xff), synStream(addresses(1000, 1000))]);

/** A header of link type 1. */
const ETHERNET = Buffer.from(STREAM_HEADER);
ETHERNET.writeUInt32LE(1, 20);

async function endsWith65(folder: Folder, daemon: RunningDaemon, line: RegExp, rows: number): Promise<void> {
  await until(() => daemon.hasEnded);
  assert.equal(await daemon.ended(), 65);
  const told = daemon.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  assert.equal(told.length, 1, told.join('\n'));
  assert.match(told[0]!, line);
  assert.equal(folder.rows().length, rows);
}

for (const [how, skip, start] of ROLES) {
  test(`${how}: damage on standard input ends it, what came before is committed`, { skip }, async () => {
    await inFolder(async folder => {
      const daemon = start(folder, '-l', '-');
      // It is not closed: a writer may not end for long.
      daemon.process.stdin!.write(DAMAGED);
      const at = WHOLE.length;
      await endsWith65(
        folder,
        daemon,
        new RegExp(`^capture stream invalid packet capture length 4294967295 at byte ${at}$`),
        SEEN.length,
      );
    });
  });

  test(`${how}: so does a link type that is not read`, { skip }, async () => {
    await inFolder(async folder => {
      const daemon = start(folder, '-l', '-');
      daemon.process.stdin!.write(ETHERNET);
      await endsWith65(folder, daemon, /^capture stream link type 1 is not supported/, 0);
    });
  });

  test(`${how}: so does damage in a file`, { skip }, async () => {
    await inFolder(async folder => {
      writeFileSync(folder.at('log'), DAMAGED);
      const daemon = start(folder, '-l', './log');
      await endsWith65(folder, daemon, /^capture stream invalid packet capture length/, SEEN.length);
    });
  });
}
