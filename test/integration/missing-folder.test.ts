import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pflogCapture } from '../support/captures.js';
import { noUnprivileged, type RunOptions, run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const ADDRESS = '192.0.2.1';
const RECORD = `WHITE|${ADDRESS}|||1|1|9999999999|1|0\n`;

interface Given {
  readonly folder: string;
  readonly capture: string;
  readonly text: string;
}

function given(t: TestContext): Given {
  const folder = temporaryFolder(t);
  const [capture, text] = [join(folder, 'pflog'), join(folder, 'text')];
  writeFileSync(capture, pflogCapture({ src: ADDRESS }));
  writeFileSync(text, RECORD);
  return { folder, capture, text };
}

/** Runs every command line with the database, and compares how each fails; nothing may be made in the folder. */
async function allFail(
  { folder }: Given,
  commands: readonly (readonly string[])[],
  database: string,
  [status, message]: readonly [number, string],
  options: RunOptions = {},
): Promise<void> {
  const before = readdirSync(folder);
  for (const command of commands) {
    const outcome = await run([...command, '--database', database], options);
    const got = [outcome.status, outcome.stdout, outcome.stderr];
    assert.deepEqual(got, [status, '', `spamlogd: ${message}\n`], `${command.join(' ')} ${database}`);
    assert.deepEqual(readdirSync(folder), before);
  }
}

const makers = ({ capture, text }: Given): string[][] => [
  ['add', ADDRESS],
  ['trap', ADDRESS],
  ['replay', capture],
  ['import', text],
];
const readers = [['query', ADDRESS], ['list'], ['delete', ADDRESS], ['verify'], ['export']];

test('what would make a database names the folder that is not there; what reads it, the database', async t => {
  const all = given(t);
  const path = join(all.folder, 'a/b/db');
  const missing = `the folder "${join(all.folder, 'a')}" is not there`;
  await allFail(all, makers(all), path, [73, `Cannot create store "${path}": ${missing}`]);
  await allFail(all, readers, path, [66, `Cannot open store "${path}": no such file`]);
});

test("of spamd's databases no folder is made, and only import makes them", async t => {
  const all = given(t);
  const path = join(all.folder, 'a/db');
  const none = `Cannot use store "${path}": no such file or directory`;
  const missing = `the folder "${join(all.folder, 'a')}" is not there`;
  const importing = [['import', all.text]];
  await allFail(all, importing, `spamd:${path}`, [73, `Cannot create store "${path}": ${missing}`]);
  const others = [...makers(all).filter(([name]) => name !== 'import'), ...readers];
  await allFail(all, others, `spamd:${path}`, [66, none]);
});

test('a path that ends in a slash names a folder, and none is made of it', async t => {
  const all = given(t);
  const path = join(all.folder, 'db/');
  const missing = `the folder "${join(all.folder, 'db')}" is not there`;
  const expected: [number, string] = [73, `Cannot create store "${path}": ${missing}`];
  await allFail(all, makers(all), path, expected);
  await allFail(all, [['import', all.text]], `spamd:${path}`, expected);
  await allFail(all, readers, path, [66, `Cannot open store "${path}": no such file`]);
});

test('a symbolic link that leads nowhere is told from a folder that is not there', async t => {
  const all = given(t);
  const [dangling, loop] = [join(all.folder, 'dangling'), join(all.folder, 'loop')];
  symlinkSync(join(all.folder, 'a/b/db'), dangling);
  symlinkSync(loop, loop);
  for (const path of [dangling, loop]) {
    const reason = 'it is a symbolic link that leads nowhere';
    const expected: [number, string] = [73, `Cannot create store "${path}": ${reason}`];
    await allFail(all, makers(all), path, expected);
    await allFail(all, [['import', all.text]], `spamd:${path}`, expected);
    for (const name of [path, `spamd:${path}`]) {
      const { status, stderr } = await run(['list', '--database', name]);
      assert.equal(status, 66, stderr);
    }
  }
  const target = join(all.folder, 'target');
  symlinkSync(target, join(all.folder, 'link'));
  assert.equal((await run(['add', '--database', join(all.folder, 'link'), ADDRESS])).status, 0);
  assert.equal(existsSync(target), true);
});

test('a file is no folder', async t => {
  const all = given(t);
  const path = join(all.text, 'db');
  const isNone = `"${all.text}" is no folder`;
  await allFail(all, makers(all), path, [73, `Cannot create store "${path}": ${isNone}`]);
  await allFail(all, [['import', all.text]], `spamd:${path}`, [
    73,
    `Cannot create store "${path}": ${isNone}`,
  ]);
  await allFail(all, readers, path, [66, `Cannot open store "${path}": a part of its path is no folder`]);
  await allFail(all, readers, `spamd:${path}`, [66, `Cannot use store "${path}": not a directory`]);
});

test('export names the folder that is not there', async t => {
  const { folder } = given(t);
  const database = join(folder, 'db');
  await run(['add', '--database', database, ADDRESS]);
  const path = join(folder, 'a/b/db');
  for (const [kind, missing] of [
    ['sqlite', 'a'],
    ['spamd', 'a/b'],
  ] as const) {
    const { status, stderr } = await run(['export', '--database', database, `${kind}:${path}`]);
    const reason = `the folder "${join(folder, missing)}" is not there`;
    assert.deepEqual([status, stderr], [73, `spamlogd: Cannot create store "${path}": ${reason}\n`]);
  }
});

test('a backup names the folder that is not there', async t => {
  const { folder } = given(t);
  const database = join(folder, 'db');
  await run(['add', '--database', database, ADDRESS]);
  await run(['export', '--database', database, `spamd:${database}.spamd`]);
  const backup = join(folder, 'a/backup');
  for (const name of [database, `spamd:${database}.spamd`]) {
    const outcome = await run(['add', '--database', name, '--backup', backup, '192.0.2.2']);
    const reason = `the folder "${join(folder, 'a')}" is not there`;
    assert.deepEqual(
      [outcome.status, outcome.stderr],
      [73, `spamlogd: Cannot make backup "${backup}": ${reason}\n`],
    );
    assert.equal((await run(['query', '--database', name, '192.0.2.2'])).status, 1);
  }
});

test('a folder that may not be written to is a matter of permission', {
  skip: await noUnprivileged(),
}, async t => {
  const all = given(t);
  const closed = join(all.folder, 'closed');
  mkdirSync(closed);
  chmodSync(all.folder, 0o755);
  chmodSync(closed, 0o555);
  const nobody = { isUnprivileged: true, folder: '/' };
  const denied = (path: string): [number, string] => [77, `Cannot create store "${path}": permission denied`];
  for (const path of [join(closed, 'db'), join(closed, 'a/db')])
    await allFail(all, makers(all), path, denied(path), nobody);
  const path = join(closed, 'db');
  await allFail(all, [['import', all.text]], `spamd:${path}`, denied(path), nobody);
  await allFail(all, readers, path, [66, `Cannot open store "${path}": no such file`], nobody);
});
