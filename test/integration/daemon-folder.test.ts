// A daemon without root whose database is to be in a folder that is not there.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isRoot } from '../../src/system/privileges.js';
import { type Folder, inFolder, makeFifo, UNPRIVILEGED } from './running-daemon.js';

/** Without `other` nobody is kept from writing anywhere. */
const skip = isRoot() && UNPRIVILEGED.uid === undefined && 'needs a user without privileges';

function refusal(folder: Folder, database: string): [number | null, string] {
  const sockets = ['--control-socket', folder.at('control')];
  const { status, stderr } = folder.run('-D', '-l', './log', '--database', database, ...sockets);
  return [status, stderr];
}

test('a folder that is missing is told with what can be done about it', { skip }, async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const closed = folder.at('closed');
    const link = folder.at('link');
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    if (isRoot()) symlinkSync(`${closed}/a/db`, link);
    writeFileSync(folder.at('file'), '');
    const another = 'or name another database with --database';
    const a = folder.at('a');
    assert.deepEqual(refusal(folder, `${a}/b/db`), [
      73,
      `spamlogd: Cannot create store "${a}/b/db": the folder "${a}" is not there: make it, ${another}\n`,
    ]);
    const file = folder.at('file');
    assert.deepEqual(refusal(folder, `${file}/db`), [
      73,
      `spamlogd: Cannot create store "${file}/db": "${file}" is no folder: make one, ${another}\n`,
    ]);
    for (const path of [`${closed}/a/db`, ...(isRoot() ? [link] : [])]) {
      assert.deepEqual(refusal(folder, path), [
        77,
        `spamlogd: Cannot create store "${closed}/a/db": the folder "${closed}/a" is not there, ` +
          `and may not be made: have root make it for this user, ${another}\n`,
      ]);
    }
    const loop = folder.at('loop');
    symlinkSync(loop, loop);
    const [status, text] = refusal(folder, loop);
    assert.deepEqual(
      [status, text],
      [
        73,
        `spamlogd: Cannot create store "${loop}": it is a symbolic link that leads nowhere: mend it, ${another}\n`,
      ],
    );
  });
});

test("of spamd's database its own absence is told first", { skip }, async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const closed = folder.at('closed');
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    for (const path of [folder.at('a/spamd'), `${closed}/spamd`]) {
      assert.deepEqual(refusal(folder, `spamd:${path}`), [
        66,
        `spamlogd: Cannot use store "${path}": no such file or directory\n`,
      ]);
    }
    writeFileSync(folder.at('spamd'), '');
    writeFileSync(`${closed}/spamd`, '');
    assert.deepEqual(refusal(folder, `spamd:${closed}/spamd`), [
      77,
      `spamlogd: Cannot have database "spamd:${closed}/spamd" alone: the folder "${closed}/spamlogd" is not there, ` +
        'and may not be made: have root make it for this user, or name another database with --database\n',
    ]);
  });
});
