import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bucketPage } from '../../../src/store/spamd-db/addressing.js';
import { openParts } from '../../../src/store/spamd-db/hash-parts.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems, type Problem } from '../../../src/store/spamd-db/verify.js';
import { findRecordProblems, verifySpamdDb } from '../../../src/store/spamd-db/verify-database.js';
import { flock } from './flock.js';
import { databaseOf, entry, temporaryFolder } from './helpers.js';

const PAGE = 512;

/** A database with chains of several pages. */
function chained(): MemoryFile {
  return databaseOf(
    Array.from({ length: 400 }, (_, i) => [`192.0.2.${i}`, new Uint8Array(32)] as const),
    PAGE,
  );
}

/** The bucket and its first two pages of a chain that has more than one. */
function longChain(file: MemoryFile): { bucket: number; first: number; second: number } {
  const { header, chains } = openParts(file);
  for (let bucket = 0; bucket <= header.maxBucket; bucket++) {
    const [first, second] = chains.load(bucket);
    if (second) return { bucket, first: first!.number, second: second.number };
  }
  return assert.fail('no chain has two pages');
}

function word(file: MemoryFile, page: number, at: number): number {
  return file.bytes[page * PAGE + 2 * at]! | (file.bytes[page * PAGE + 2 * at + 1]! << 8);
}

function setWord(file: MemoryFile, page: number, at: number, value: number): void {
  file.bytes[page * PAGE + 2 * at] = value & 0xff;
  file.bytes[page * PAGE + 2 * at + 1] = value >>> 8;
}

function problems(file: MemoryFile): Problem[] {
  return [...findProblems(file)];
}

test('nothing is wrong with a good file, nor with one without bytes', () => {
  assert.deepEqual(problems(chained()), []);
  assert.deepEqual(problems(new MemoryFile()), []);
  assert.deepEqual([...findRecordProblems(new MemoryFile())], []);
});

test('damage is told with its page, once for each bucket that has some', () => {
  const file = chained();
  const { first } = longChain(file);
  const other = bucketPage(openParts(file).header, openParts(file).header.maxBucket);
  setWord(file, first, 0, 3);
  setWord(file, other, 2, 600);
  assert.deepEqual(
    problems(file).filter(({ severity }) => severity === 'damage'),
    [
      { severity: 'damage', page: first, text: 'an index of 3 words is impossible' },
      {
        severity: 'damage',
        page: other,
        text: `the value of pair 1 begins at 600, beyond its end at ${word(file, other, 1)}`,
      },
    ],
  );
});

test('every way in which an index can be wrong is told', () => {
  const cases: [number, number, RegExp][] = [
    [0, 600, /an index of 600 words is impossible/],
    [1, 513, /the key of pair 1 begins at 513, beyond its end at 512/],
    [4, 505, /the value of pair 2 begins at 505, beyond its end at \d+/],
    [4, 3, /pair 2 is part of a large one, but not the first/],
    [4, 0, /it goes on after its link, word 3 of \d+/],
    [2, 1, /a part of a large pair has an index of \d+ words/],
  ];
  for (const [at, value, text] of cases) {
    const file = chained();
    setWord(file, 1, at, value);
    const found = problems(file).find(({ page }) => page === 1);
    assert.match(found?.text ?? '', text);
  }
  const file = chained();
  const count = word(file, 1, 0);
  const low = word(file, 1, count + 2);
  setWord(file, 1, count + 2, 40);
  assert.match(problems(file)[0]!.text, /its lowest offset is \d+, and it says 40/);
  setWord(file, 1, count + 2, low);
  setWord(file, 1, count + 1, 1);
  assert.match(problems(file)[0]!.text, /it has \d+ free bytes, and says 1$/);
});

test('links that lead nowhere, in a circle, or into another chain are told', () => {
  const linked = (value: (file: MemoryFile) => number): Problem[] => {
    const file = chained();
    const { first } = longChain(file);
    setWord(file, first, word(file, first, 0) - 1, value(file));
    return problems(file).filter(({ severity }) => severity === 'damage');
  };
  assert.match(linked(() => 0)[0]!.text, /its link leads nowhere/);
  assert.match(
    linked(() => 0xffff)[0]!.text,
    /overflow page 2047 of split point 31, which was never allocated/,
  );
  const own = (file: MemoryFile): number => {
    const { first, second } = longChain(file);
    setWord(file, second, word(file, second, 0) + 1, word(file, first, word(file, first, 0) - 1));
    return word(file, first, word(file, first, 0) - 1);
  };
  assert.ok(linked(own).length > 0);
  const bitmap = linked(() => 0x0801);
  assert.ok(bitmap.length > 0, 'a chain that leads to the bitmap');
});

test('a page that is in a chain and marked as free is told, and one that is lost', () => {
  const file = chained();
  const { second } = longChain(file);
  const { header } = openParts(file);
  const bitmapPage = 3;
  file.bytes.fill(0, bitmapPage * PAGE, bitmapPage * PAGE + 8);
  const found = problems(file);
  assert.ok(found.some(({ page, text }) => page === second && /its bitmap says that it is free/.test(text)));

  assert.ok(found.some(({ page, text }) => page === bitmapPage && /it is a bitmap, and says/.test(text)));

  const lost = chained();
  lost.bytes.fill(0xff, bitmapPage * PAGE, (bitmapPage + 1) * PAGE);
  assert.ok(header.overflowPoint > 1);
  assert.deepEqual(
    problems(lost).map(({ severity }) => severity),
    ['oddity'],
  );
});

test('a key in the wrong bucket, and one that is there twice, are told', () => {
  const file = chained();
  const at = Buffer.from(file.bytes).indexOf('192.0.2.3');
  file.bytes[at + 8] = 0x7e;
  const found = problems(file);
  assert.match(found[0]!.text, /^"192\.0\.2\.~\d*" is in bucket \d+, and belongs in \d+$/);

  const twice = databaseOf([
    ['ab', new Uint8Array(4)],
    ['cd', new Uint8Array(4)],
  ]);
  const key = Buffer.from(twice.bytes);
  key.copyWithin(key.indexOf('cd'), key.indexOf('ab'), key.indexOf('ab') + 2);
  assert.ok([...findProblems(new MemoryFile(key))].some(({ text }) => /"ab"/.test(text)));
});

test('a wrong count of pairs is an oddity', () => {
  const file = chained();
  new DataView(file.bytes.buffer).setUint32(56, 7);
  assert.deepEqual(problems(file), [
    { severity: 'oddity', page: 0, text: 'it counts 7 pairs, and there are 400' },
  ]);
});

test('what spamd and spamdb trip over is told', () => {
  const file = databaseOf([
    ['192.0.2.1', entry()],
    ['192.0.2.1\nh\n<a>\n<b>', entry()],
    ['192.0.2.2\n<a>\n<b>', entry()],
    ['trap@example.org', entry({ pcount: -2 })],
    ['192.0.2.3', Buffer.alloc(5)],
    ['192.0.2.4', Buffer.alloc(20)],
    ['192.0.2.5\nhelo', entry()],
    ['192.0.2.6\0', entry()],
    ['2001:db8::1', entry()],
    ['', entry()],
  ]);
  const found = [...findRecordProblems(file)].map(({ severity, text }) => `${severity} ${text}`).sort();
  assert.deepEqual(found, [
    'damage "192.0.2.5\\nhelo" has no recipient: spamdb gives up its listing there',
    'damage a key is empty: spamd gives up its scan there',
    'damage the value of "192.0.2.3" has 5 bytes: spamd gives up its scan there',
    'oddity "192.0.2.4" has a value of the size used before 2013',
    'oddity "192.0.2.6\\u0000" has a NUL, where spamd takes its end to be',
    'oddity "2001:db8::1" is of no IPv4 address: spamd deletes it in its next scan',
  ]);
});

test('a database on disk is verified under its lock', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  await writeFile(path, databaseOf([['192.0.2.1', Buffer.alloc(5)]]).bytes);
  const found: Problem[] = [];
  for await (const problem of verifySpamdDb(path, { lock: flock })) found.push(problem);
  assert.deepEqual(
    found.map(({ severity, page }) => [severity, page]),
    [['damage', 2]],
  );
});
