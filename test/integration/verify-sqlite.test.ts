import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RecordProblem, verifySqlite } from '../../src/store/sqlite-verify.js';
import { StoreError } from '../../src/store/store.js';
import { run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

/** A database of several pages for entries and indexes, without a write-ahead log. */
async function database(t: TestContext): Promise<{ path: string; bytes: Buffer; pageBytes: number }> {
  const path = join(temporaryFolder(t), 'spamd.sqlite');
  const lines = Array.from(
    { length: 600 },
    (_, i) => `WHITE|10.0.${i >> 8}.${i & 255}|||1|1|9999999999|1|0\n`,
  );
  const { status } = await run(['import', '--database', path, '-'], { input: Buffer.from(lines.join('')) });
  assert.equal(status, 0);
  const bytes = readFileSync(path);
  return { path, bytes, pageBytes: bytes.readUInt16BE(16) };
}

/** What the check finds: problems, and whether it had to give up. */
function check(path: string): { problems: RecordProblem[]; code: string | undefined } {
  const problems: RecordProblem[] = [];
  try {
    for (const problem of verifySqlite(path, 0)) problems.push(problem);
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error));
    assert.match(error.message, /^Cannot \w+ store ".*": [^\n]+$/);
    return { problems, code: error.code };
  }
  return { problems, code: undefined };
}

test('whatever page of an SQLite database is damaged, the check says so in its own words', async t => {
  const { path, bytes, pageBytes } = await database(t);
  assert.deepEqual(check(path), { problems: [], code: undefined });
  let given = 0;
  const pages = bytes.length / pageBytes;
  assert.ok(pages > 8, `${pages} pages`);
  for (let page = 1; page < pages; page++) {
    for (const filling of [0x00, 0xff, 0x0d]) {
      const damaged = Buffer.from(bytes);
      damaged.fill(filling, page * pageBytes, (page + 1) * pageBytes);
      writeFileSync(path, damaged);
      const { problems, code } = check(path);
      assert.ok(problems.length > 0 || code === 'corrupt', `page ${page}: ${code}`);
      if (code !== undefined) given++;
    }
  }
  assert.ok(given > 0, 'some damage ends the check');
});

test('verify of a damaged SQLite database ends with status 65 and its verdict', async t => {
  const { path, bytes, pageBytes } = await database(t);
  for (let page = 1; page < 6; page++) {
    const damaged = Buffer.from(bytes);
    damaged.fill(0xff, page * pageBytes, (page + 1) * pageBytes);
    writeFileSync(path, damaged);
    const { status, stdout, stderr } = await run(['verify', '--database', path]);
    assert.deepEqual([status, stderr], [65, ''], `page ${page}`);
    assert.match(stdout, /^(damage: \w[^\n]+\n)+[^\n]+: damaged in \d+ places?, 0 oddities\n$/);
    assert.deepEqual(readFileSync(path), damaged);
  }
});
