import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { CAPTURES, captureFiles, contents, goldenName } from '../../fixtures/captures.js';
import { main } from '../../src/commands/main.js';
import { read, scan } from './scan.js';

const FOLDER = 'fixtures/captures';
const files = captureFiles();

test('the committed captures are those that the script makes', () => {
  assert.deepEqual(readdirSync(FOLDER).sort(), [...files.keys()].sort());
  for (const [name, bytes] of files) {
    const committed = contents(readFileSync(join(FOLDER, name)));
    assert.ok(committed.equals(contents(bytes)), `${name}: run node dist/fixtures/make-captures.js`);
  }
});

test('the README of the fixtures tells of every capture', () => {
  const readme = readFileSync('fixtures/README.md', 'utf8');
  const patterns = [...readme.matchAll(/`([\w.*-]+)`/g)].map(
    ([, name]) => new RegExp(`^${name!.replaceAll('.', '\\.').replaceAll('*', '.*')}$`),
  );
  const untold = CAPTURES.filter(({ file }) => !patterns.some(pattern => pattern.test(file)));
  assert.deepEqual(untold, []);
});

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function explain(path: string): Promise<{ lines: object[]; complaint: string }> {
  const stdout = new Text();
  const stderr = new Text();
  await main(['--config', '/dev/null', 'explain', '--json', path], { stdout, stderr });
  const lines = stdout.text.split('\n').filter(Boolean);
  return { lines: lines.map(line => JSON.parse(line) as object), complaint: stderr.text };
}

for (const capture of CAPTURES) {
  const { file, records, problem } = capture;
  const path = join(FOLDER, file);

  test(`${file}: explain prints the lines of ${goldenName(capture)}`, async () => {
    const golden = contents(readFileSync(join(FOLDER, goldenName(capture)))).toString();
    const expected = golden.split('\n').filter(Boolean);
    const { lines, complaint } = await explain(path);
    assert.equal(lines.length, expected.length);
    lines.forEach((line, i) => {
      assert.deepEqual(line, JSON.parse(expected[i]!), `record ${i + 1}`);
    });
    if (problem === undefined) assert.equal(complaint, '');
    else assert.ok(complaint.includes(`Capture "${path}" ${problem.message}`), complaint);
  });

  test(`${file}: both readers give its records and the reason of its end`, async () => {
    for (const { records: found, error } of [await scan(path), await read(path)]) {
      assert.deepEqual(
        found.map(({ seconds, nanoseconds, originalLength, bytes }) => ({
          seconds,
          nanoseconds,
          originalLength,
          bytes: Buffer.from(bytes),
        })),
        records.map(({ seconds, nanoseconds, originalLength, bytes }) => ({
          seconds,
          nanoseconds,
          originalLength,
          bytes: Buffer.from(bytes),
        })),
      );
      assert.equal(error?.code, problem?.code);
      assert.equal(error?.message, problem && `Capture "${path}" ${problem.message}`);
    }
  });
}
