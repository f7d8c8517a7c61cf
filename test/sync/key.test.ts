import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeSyncKey, readSyncKey } from '../../src/sync/key.js';

const directory = mkdtempSync(join(tmpdir(), 'sync-key-'));
after(() => rmSync(directory, { recursive: true }));

function makeFile(name: string, content: string | Buffer, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test("the key is the text of the file's SHA-1", async () => {
  const { key, state, warnings } = await readSyncKey(makeFile('secret', 'secret\n', 0o600));
  assert.equal(Buffer.from(key).toString(), 'fc683cd9ed1990ca2ea10b84e5e6fba048c24929');
  assert.equal(state, 'present');
  assert.deepEqual(warnings, []);
});

test('a file of any size and bytes is a key', async () => {
  const content = Buffer.alloc(300_000, 0xe9);
  const { key } = await readSyncKey(makeFile('large', content, 0o400));
  assert.equal(Buffer.from(key).toString(), createHash('sha1').update(content).digest('hex'));
});

test('no file is no key, with a warning', async () => {
  const path = join(directory, 'none');
  assert.deepEqual(await readSyncKey(path), {
    key: new Uint8Array(0),
    state: 'missing',
    warnings: [`Sync key "${path}" is missing: anyone can forge sync messages`],
  });
});

test('an empty file is the key that it is for spamd, with a warning', async () => {
  const path = makeFile('empty', '', 0o600);
  const { key, state, warnings } = await readSyncKey(path);
  assert.equal(Buffer.from(key).toString(), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
  assert.equal(state, 'empty');
  assert.deepEqual(warnings, [`Sync key "${path}" is empty: anyone can forge sync messages`]);
});

test('a key that others may read or change is warned about', async () => {
  const expected: [number, string[]][] = [
    [0o640, ['read']],
    [0o604, ['read']],
    [0o620, ['changed']],
    [0o666, ['changed', 'read']],
  ];
  for (const [mode, verbs] of expected) {
    const path = makeFile(`mode-${mode.toString(8)}`, 'secret\n', mode);
    const { warnings } = await readSyncKey(path);
    assert.deepEqual(
      warnings,
      verbs.map(verb => `Sync key "${path}" can be ${verb} by others than its owner`),
    );
  }
});

test('what is there but not a file is an error, and a FIFO is not waited for', async () => {
  await assert.rejects(readSyncKey(directory), {
    message: `Cannot read sync key "${directory}": not a regular file`,
  });
  const fifo = join(directory, 'fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  await assert.rejects(readSyncKey(fifo), { message: `Cannot read sync key "${fifo}": not a regular file` });
  const inside = join(makeFile('file', '', 0o600), 'key');
  await assert.rejects(readSyncKey(inside), {
    message: `Cannot read sync key "${inside}": no such directory`,
  });
});

test("a key that is made is random, its owner's alone, and never written over", async () => {
  const path = join(directory, 'made');
  await makeSyncKey(path);
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  const text = readFileSync(path, 'latin1');
  assert.match(text, /^[\w-]{86}\n$/);
  assert.deepEqual((await readSyncKey(path)).warnings, []);
  await assert.rejects(makeSyncKey(path), { message: `Cannot make sync key "${path}": it exists already` });
  assert.equal(readFileSync(path, 'latin1'), text);
  const other = join(directory, 'other');
  await makeSyncKey(other);
  assert.notEqual(readFileSync(other, 'latin1'), text);
});

test('a key in a directory that is not there is not made', async () => {
  const path = join(directory, 'nowhere', 'key');
  await assert.rejects(makeSyncKey(path), { message: `Cannot make sync key "${path}": no such directory` });
});
