import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const LINES = 'WHITE|192.0.2.1|||1|1|9999999999|1|0\nTRAPPED|192.0.2.2|9999999999\n';

/** A database with names of its own: the working folder, and what leads to the database from there. */
async function otherNames(t: TestContext, kind: 'sqlite' | 'spamd'): Promise<[string, string[]]> {
  const folder = temporaryFolder(t);
  const path = join(folder, 'db', 'x');
  mkdirSync(join(folder, 'db'));
  const made = await run(['import', '--database', `${kind}:${path}`, '-'], { input: Buffer.from(LINES) });
  assert.deepEqual([made.status, made.stderr], [0, '']);
  symlinkSync('x', join(folder, 'db', 'symbolic'));
  linkSync(path, join(folder, 'db', 'hard'));
  symlinkSync('db', join(folder, 'folder'));
  return [join(folder, 'db'), ['./x', path, '../db/x', 'symbolic', 'hard', '../folder/x']];
}

function contentOf(folder: string): unknown {
  return readdirSync(folder).map(name => [
    name,
    name.startsWith('spamlogd') || readFileSync(join(folder, name)),
  ]);
}

for (const kind of ['sqlite', 'spamd'] as const) {
  test(`a database of the kind ${kind} is not moved into itself under another name`, async t => {
    const [folder, names] = await otherNames(t, kind);
    const before = contentOf(folder);
    for (const name of names) {
      for (const options of [[], ['--dry-run']]) {
        const exported = await run(['export', ...options, '--database', `${kind}:x`, `${kind}:${name}`], {
          folder,
        });
        const [isExported, isPutInto] = ['is what would be exported', 'is what it would be put into'];
        assert.deepEqual(
          [exported.status, exported.stdout, exported.stderr],
          [64, '', `spamlogd: "${kind}:${name}" ${isExported}\n`],
        );
        for (const operand of [name, `${kind}:${name}`]) {
          const imported = await run(['import', ...options, '--database', `${kind}:x`, operand], { folder });
          assert.deepEqual(
            [imported.status, imported.stdout, imported.stderr],
            [64, '', `spamlogd: "${operand}" ${isPutInto}\n`],
          );
        }
      }
    }
    assert.deepEqual(contentOf(folder), before);
  });
}

test('a file without bytes is not made a database to be put into itself', async t => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'x'), '');
  for (const kind of ['sqlite', 'spamd']) {
    const { status, stderr } = await run(['import', '--database', `${kind}:x`, './x'], { folder });
    assert.deepEqual([status, stderr], [64, 'spamlogd: "./x" is what it would be put into\n']);
  }
  assert.deepEqual(readdirSync(folder), ['x']);
  assert.equal(readFileSync(join(folder, 'x')).length, 0);
});

test('copies with the same content are two databases', async t => {
  const [folder] = await otherNames(t, 'sqlite');
  writeFileSync(join(folder, 'copy'), readFileSync(join(folder, 'x')));
  const exported = await run(['export', '--json', '--database', 'x', 'sqlite:copy'], { folder });
  assert.deepEqual([exported.status, exported.stderr], [0, '']);
  assert.equal((JSON.parse(exported.stdout) as { kept: number }).kept, 2);
});
