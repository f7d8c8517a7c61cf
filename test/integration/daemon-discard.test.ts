// What a capture delivers that cannot be used: a tcpdump of the test's own stands in for the real one.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isRoot } from '../../src/system/privileges.js';
import { STREAM_HEADER, synRecord, synStream } from './pflog-stream.js';
import { type Folder, inFolder, type RunningDaemon, until } from './running-daemon.js';

/** What tcpdump does at one of its starts: the link type that it names, and what it writes. */
interface Turn {
  readonly name?: string;
  readonly stream: Buffer;
}

const GOOD = synStream(['192.0.2.2']);
const DAMAGED = Buffer.concat([synStream(['192.0.2.1']), Buffer.alloc(100, 0xff)]);

/** A header of link type 1. */
const ETHERNET = Buffer.from(STREAM_HEADER);
ETHERNET.writeUInt32LE(1, 20);

/** Puts a tcpdump into the folder that does these things, the last of them ever after; gives the variable that has it found. */
function makeTcpdump(folder: Folder, turns: readonly Turn[]): string {
  const bin = folder.at('bin');
  mkdirSync(bin);
  turns.forEach(({ name, stream }, i) => {
    const link = name === undefined ? '' : `, link-type ${name}`;
    writeFileSync(`${bin}/said-${i + 1}`, `tcpdump: listening on pflog0${link}, snapshot length 256 bytes\n`);
    writeFileSync(`${bin}/stream-${i + 1}`, stream);
  });
  const script = `#!/bin/sh
[ "$(id -u)" = 0 ] && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" "$@"
echo >>${bin}/turns
turn=$(wc -l <${bin}/turns)
[ "$turn" -gt ${turns.length} ] && turn=${turns.length}
cat ${bin}/said-$turn >&2
cat ${bin}/stream-$turn
trap '' USR1
exec sleep 1000
`;
  writeFileSync(`${bin}/turns`, '');
  writeFileSync(`${bin}/tcpdump`, script);
  chmodSync(`${bin}/tcpdump`, 0o755);
  chmodSync(`${bin}/turns`, 0o666);
  return `PATH=${bin}:${process.env['PATH']}`;
}

const ARGUMENTS = ['--capture-engine', 'tcpdump', '-l', 'pflog0'];

const ROLES: readonly [string, false | string, (folder: Folder, path: string) => RunningDaemon][] = [
  ['in one process', false, (folder, path) => folder.startWith(path, ...ARGUMENTS)],
  [
    'in three processes',
    !isRoot() && 'needs root',
    (folder, path) => folder.startAsRoot(['env', path], ...ARGUMENTS),
  ],
];

for (const [how, skip, start] of ROLES) {
  test(`${how}: a damaged stream is said once, and the capture begins again`, { skip }, async () => {
    await inFolder(async folder => {
      const path = makeTcpdump(folder, [
        { name: 'PFLOG', stream: DAMAGED },
        { name: 'PFLOG', stream: GOOD },
      ]);
      const daemon = start(folder, path);
      await daemon.logged(/^whitelisting 192\.0\.2\.1$/);
      const at = STREAM_HEADER.length + synRecord('192.0.2.1').length;
      assert.equal(
        await daemon.logged(/damaged/),
        `Lost capture on "pflog0": its stream is damaged: invalid packet capture length 4294967295 at byte ${at}; trying again`,
      );
      await daemon.logged(/^whitelisting 192\.0\.2\.2$/);
      await until(() => folder.status().capture.state === 'capturing');
      assert.equal(folder.status().capture.restarts, 1);
      assert.equal(daemon.lines.filter(({ msg }) => /damaged/.test(msg)).length, 1);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });

  test(`${how}: what stays damaged is tried ever more patiently, and the status tells`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      const daemon = start(folder, makeTcpdump(folder, [{ name: 'PFLOG', stream: DAMAGED }]));
      await daemon.logged(/damaged/);
      await until(() => folder.status().capture.restarts > 3);
      await until(() => folder.status().capture.state === 'waiting');
      assert.match(folder.status().capture.message!, /"pflog0": its stream is damaged/);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });

  test(`${how}: a link type without a name is found in the stream, and fatal at the start`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      const daemon = start(folder, makeTcpdump(folder, [{ stream: ETHERNET }]));
      const line = await daemon.logged(/link type/);
      assert.match(line, /^Cannot capture on "pflog0": link type 1 is not supported; only 117/);
      assert.equal(await daemon.ended(), 1);
    });
  });

  test(`${how}: a link type that is of no use is waited out once the log was captured`, {
    skip,
  }, async () => {
    await inFolder(async folder => {
      const path = makeTcpdump(folder, [
        { name: 'PFLOG', stream: DAMAGED },
        { name: 'EN10MB (Ethernet)', stream: ETHERNET },
        { name: 'EN10MB (Ethernet)', stream: ETHERNET },
        { name: 'PFLOG', stream: GOOD },
      ]);
      const daemon = start(folder, path);
      const reason =
        '"pflog0": link type 1 (EN10MB) is not supported; only 117 (pflog) and 239 (NFLOG) are read';
      assert.equal(await daemon.logged(/EN10MB/), `Cannot capture on ${reason}; trying again`);
      await daemon.logged(/^whitelisting 192\.0\.2\.2$/);
      assert.equal(daemon.lines.filter(({ msg }) => /EN10MB/.test(msg)).length, 1);
      daemon.signal('SIGTERM');
      assert.equal(await daemon.ended(), 0);
    });
  });
}
