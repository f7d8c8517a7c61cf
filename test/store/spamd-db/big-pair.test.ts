import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { HashFileError } from '../../../src/store/spamd-db/hash-file-error.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { temporaryFolder } from './helpers.js';
import { NO_LIBDB1, type Operation, startLibdb1 } from './libdb1.js';

const PAGE = 512;

/** Sizes of keys and values around those at which a pair takes one more page. */
const KEY_BYTES = [12, 300, 495, 496, 497, 503, 700, 1500];
const VALUE_BYTES = [1, 300, 483, 494, 495, 496, 497, 498, 993, 2000];

test('pairs larger than a page are read as libdb1-compat wrote them, whatever their size', async t => {
  const libdb1 = await startLibdb1();
  if (!libdb1) return t.skip(NO_LIBDB1);
  t.after(() => libdb1.stop());
  const path = join(await temporaryFolder(t), 'db');
  let read = 0;
  for (const keyBytes of KEY_BYTES) {
    for (const valueBytes of VALUE_BYTES) {
      if (8 + keyBytes + valueBytes <= PAGE - 6) continue;
      const key = Buffer.alloc(keyBytes, 'k').toString('hex');
      const value = Buffer.alloc(valueBytes, 'v').toString('hex');
      const operations: Operation[] = [
        ['put', '61', '62'],
        ['put', key, value],
        ['put', '63', '64'],
      ];
      const { dump } = await libdb1.ask({ path, create: { bsize: PAGE }, operations, dump: true });
      const file = new MemoryFile(await readFile(path));
      const ours = [...openHashFile(file)].map(pair => [
        Buffer.from(pair.key).toString('hex'),
        Buffer.from(pair.value).toString('hex'),
      ]);
      assert.deepEqual(ours, dump, `${keyBytes} and ${valueBytes} bytes`);
      const found = openHashFile(file).get(Buffer.from(key, 'hex'));
      assert.equal(Buffer.from(found!).toString('hex'), value);
      assert.deepEqual([...findProblems(file)], []);
      read++;
    }
  }
  assert.ok(read > 60);
});

test('beside a pair larger than a page others are changed where they are, and nothing else is', async t => {
  const libdb1 = await startLibdb1();
  if (!libdb1) return t.skip(NO_LIBDB1);
  t.after(() => libdb1.stop());
  const path = join(await temporaryFolder(t), 'db');
  const big = Buffer.alloc(2000, 'v');
  const names = Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`);
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const operations: Operation[] = [
    ...names.map((name): Operation => ['put', hex(name), hex('x'.repeat(32))]),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((i): Operation => ['put', hex(`big ${i}`), big.toString('hex')]),
  ];
  await libdb1.ask({ path, create: { bsize: PAGE, ffactor: 1000 }, operations });
  const before = await readFile(path);

  const refused = { put: 0, delete: 0, bigDelete: 0 };
  const attempt = (kind: keyof typeof refused, action: () => void): void => {
    try {
      action();
    } catch (error) {
      assert.ok(error instanceof HashFileError && error.code === 'unsupported', String(error));
      assert.match(error.message, /^page \d+: it holds a pair larger than a page, which is only read$/);
      refused[kind]++;
    }
  };
  const file = new MemoryFile(before);
  const changed = openForChange(file, PAGE);
  for (const name of names) changed.put(Buffer.from(name), Buffer.from('y'.repeat(32)));
  for (let i = 0; i < 60; i++)
    attempt('put', () => changed.put(Buffer.from(`198.51.100.${i}`), Buffer.alloc(32)));
  for (const name of names) attempt('delete', () => changed.delete(Buffer.from(name)));
  attempt('bigDelete', () => changed.delete(Buffer.from('big 1')));
  assert.ok(refused.put > 0 && refused.delete > 0 && refused.bigDelete === 1, JSON.stringify(refused));
  changed.commit(file);
  assert.deepEqual(
    [...findProblems(file)].filter(({ severity }) => severity === 'damage'),
    [],
  );
  for (let i = 1; i <= 8; i++)
    assert.deepEqual(Buffer.from(openHashFile(file).get(Buffer.from(`big ${i}`))!), big);
});

test('a pair larger than a page that does not end, or begins in its middle, is damage', async t => {
  const libdb1 = await startLibdb1();
  if (!libdb1) return t.skip(NO_LIBDB1);
  t.after(() => libdb1.stop());
  const path = join(await temporaryFolder(t), 'db');
  const key = Buffer.alloc(1200, 'k').toString('hex');
  await libdb1.ask({ path, create: { bsize: PAGE }, operations: [['put', key, key]] });
  const good = await readFile(path);
  const messages = new Set<string>();
  const check = (damage: (bytes: Buffer) => void): void => {
    const bytes = Buffer.from(good);
    damage(bytes);
    for (const { text } of findProblems(new MemoryFile(bytes))) messages.add(text.replace(/"k+"/, '"k…"'));
  };
  for (let page = PAGE; page < good.length; page += PAGE) {
    const isPart = good.readUInt16LE(page) > 0 && good.readUInt16LE(page + 4) <= 3;
    if (!isPart) continue;
    for (const tag of [1, 2, 3]) check(bytes => bytes.writeUInt16LE(tag, page + 4));
    check(bytes => bytes.fill(0, page, page + PAGE));
  }
  for (const expected of [/does not end/, /has no value/, /has a key where its value goes on/]) {
    assert.ok(
      [...messages].some(text => expected.test(text)),
      `${expected} in ${[...messages].join('; ')}`,
    );
  }
});
