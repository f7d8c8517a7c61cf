import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { HashFileError } from '../../../src/store/spamd-db/hash-file-error.js';
import { HEADER_BYTES } from '../../../src/store/spamd-db/header.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { databaseOf } from './helpers.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString('latin1');

const FOUR_PAGES = 4 * 4096;

test('a file without bytes becomes what libc makes of it: two buckets and a bitmap', () => {
  const file = databaseOf([]);
  assert.equal(file.size, FOUR_PAGES);
  const words = new DataView(file.bytes.buffer);
  const header = Array.from({ length: 17 }, (_, i) => words.getUint32(4 * i));
  assert.deepEqual(
    header,
    [0x061561, 2, 1234, 4096, 12, 256, 256, 8, 1, 2, 1, 3, 1, 65_536, 0, 1, 0x956e7de3],
  );
  const spares = Array.from({ length: 32 }, (_, i) => words.getUint32(68 + 4 * i));
  assert.deepEqual(spares, [0, 2, 2, ...new Array(29).fill(0)]);
  assert.equal(words.getUint16(196), 0x0801);
  const bitmap = file.bytes.subarray(3 * 4096);
  assert.deepEqual([...bitmap.subarray(0, 4)], [0xfd, 0xff, 0xff, 0xff]);
  assert.ok(bitmap.subarray(4).every(byte => byte === 0xff));
});

test('the first pair is where the format has it', () => {
  const file = databaseOf([['192.0.2.25', new Uint8Array(32).fill(7)]]);
  const page = file.bytes.subarray(2 * 4096, 3 * 4096);
  assert.equal(Buffer.from(page.subarray(0, 10)).toString('hex'), '0200f60fd60fcc0fd60f');
  assert.equal(text(page.subarray(0xff6)), '192.0.2.25');
  assert.ok(page.subarray(0xfd6, 0xff6).every(byte => byte === 7));
});

test("a new file's pages are the file system's blocks, but of a size that the format allows", () => {
  const sizes = [
    [16_384, 16_384],
    [32_768, 32_768],
    [65_536, 32_768],
    [131_072, 32_768],
    [5000, 4096],
    [1, 512],
  ] as const;
  for (const [blockBytes, pageBytes] of sizes) {
    assert.equal(databaseOf([], blockBytes).size, 4 * pageBytes, `${blockBytes}`);
  }
});

test('a value of the same length is overwritten where it is, by one write', () => {
  const file = databaseOf(
    Array.from({ length: 300 }, (_, i) => [`192.0.2.${i}`, new Uint8Array(32)] as const),
  );
  const changed = openForChange(file, 4096);
  changed.put(bytes('192.0.2.7'), new Uint8Array(32).fill(1));
  const writes = changed.stage();
  assert.equal(writes.length, 1);
  assert.equal(writes[0]!.bytes.length, 32);
  assert.ok(writes[0]!.offset > HEADER_BYTES);
});

test('nothing is written when nothing changed', () => {
  const file = databaseOf([['192.0.2.1', new Uint8Array(32)]]);
  assert.deepEqual(openForChange(file, 4096).stage(), []);
});

test('a value of another length takes the place of the one before in the order of the file', () => {
  const names = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`);
  const file = databaseOf(names.map(name => [name, new Uint8Array(20)] as const));
  const before = [...openHashFile(file)].map(({ key }) => text(key));
  databaseOf([['192.0.2.50', new Uint8Array(32)]], 4096, file);
  const after = [...openHashFile(file)];
  assert.deepEqual(
    after.map(({ key }) => text(key)),
    before,
  );
  assert.equal(openHashFile(file).get(bytes('192.0.2.50'))?.length, 32);
});

test('pages that deleted pairs leave are used again', () => {
  const file = databaseOf(
    Array.from({ length: 3000 }, (_, i) => [`key ${i}`, new Uint8Array(32)] as const),
    512,
  );
  const { size } = file;
  for (let round = 0; round < 5; round++) {
    const changed = openForChange(file, 512);
    for (let i = 0; i < 3000; i++) assert.equal(changed.delete(bytes(`key ${i}`)), true);
    for (let i = 0; i < 3000; i++) changed.put(bytes(`key ${i}`), new Uint8Array(32));
    changed.commit(file);
  }
  assert.ok(file.size <= size * 1.1, `${size} bytes became ${file.size}`);
  assert.deepEqual([...findProblems(file)], []);
});

const key = fc.uint8Array({ maxLength: 60 });
const value = fc.uint8Array({ maxLength: 60 });
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: fc.constant(true), key, value }) },
  { weight: 1, arbitrary: fc.record({ put: fc.constant(false), key, value }) },
);

test('any sequence of changes leaves what a map would hold, whatever the keys, values and page size', () => {
  const pageBytes = fc.constantFrom(256, 512, 4096, 32_768);
  const batches = fc.array(fc.array(operation, { maxLength: 60 }), { maxLength: 6, size: 'max' });
  fc.assert(
    fc.property(pageBytes, batches, (size, groups) => {
      const file = databaseOf([], size);
      const model = new Map<string, string>();
      for (const group of groups) {
        const changed = openForChange(file, size);
        for (const one of group) {
          const name = text(one.key)!;
          if (one.put) {
            changed.put(one.key, one.value);
            model.set(name, text(one.value)!);
          } else assert.equal(changed.delete(one.key), model.delete(name));
          assert.equal(text(changed.get(one.key)), model.get(name));
        }
        changed.commit(file);
        const pairs = [...openHashFile(file)].map(pair => [text(pair.key)!, text(pair.value)!] as const);
        assert.equal(pairs.length, model.size);
        assert.deepEqual(new Map(pairs), model);
        assert.deepEqual([...findProblems(file)], []);
      }
    }),
    { numRuns: 150 },
  );
});

/** Asserts that a file is refused, with these words. */
function refuses(file: MemoryFile, code: HashFileError['code'], message: RegExp): void {
  const check = (error: unknown): boolean => {
    assert.ok(error instanceof HashFileError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
  assert.throws(() => openHashFile(file), check);
}

/** A database with a 32-bit word of its header changed. */
function withHeaderWord(at: number, word: number): MemoryFile {
  const file = databaseOf(
    Array.from({ length: 500 }, (_, i) => [`192.0.2.${i}`, new Uint8Array(32)] as const),
  );
  new DataView(file.bytes.buffer).setUint32(at, word);
  return file;
}

test('what is not a hash file of ours to read is refused, and the reason told', () => {
  refuses(new MemoryFile(Buffer.from('not a database')), 'not-ours', /no Berkeley DB 1\.85 hash file/);
  refuses(withHeaderWord(0, 0x053162), 'not-ours', /no Berkeley DB 1\.85 hash file/);
  refuses(withHeaderWord(4, 3), 'not-ours', /version 3, not 2/);
  refuses(withHeaderWord(64, 1), 'not-ours', /another hash function/);
  const large = withHeaderWord(12, 65_536);
  new DataView(large.bytes.buffer).setUint32(16, 16);
  refuses(large, 'unsupported', /pages have 65536 bytes, and only pages of up to 32768/);
});

test('a header that contradicts itself or the file is refused, and the contradiction told', () => {
  refuses(withHeaderWord(8, 4096), 'corrupt', /page 0: byte order 4096/);
  refuses(withHeaderWord(12, 4000), 'corrupt', /page size 4000 is not 2 to the power of 12/);
  refuses(withHeaderWord(16, 13), 'corrupt', /page size 4096 is not 2 to the power of 13/);
  refuses(withHeaderWord(40, 0x7fffffff), 'corrupt', /bucket 2147483647 does not go with the masks/);
  refuses(withHeaderWord(44, 14), 'corrupt', /masks/);
  refuses(withHeaderWord(48, 6), 'corrupt', /masks/);
  refuses(withHeaderWord(60, 2), 'corrupt', /header does not take 2 pages/);
  refuses(withHeaderWord(32, 1), 'corrupt', /split point 1 does not go with bucket/);
  refuses(withHeaderWord(32, 99), 'corrupt', /split point 99/);
  refuses(withHeaderWord(68, 5), 'corrupt', /split point 1 has fewer overflow pages than 0/);
  const short = withHeaderWord(4, 2);
  refuses(
    new MemoryFile(short.bytes.subarray(0, 3 * 4096)),
    'corrupt',
    /bucket 5 is on page \d+, and the file has 3/,
  );
});

test('a database that has lost its header is damaged, and not taken for one without anything in it', () => {
  for (const pageBytes of [512, 4096, 32_768]) {
    for (const pairs of [0, 1, 400]) {
      const all = Array.from({ length: pairs }, (_, i) => [`192.0.2.${i}`, new Uint8Array(32)] as const);
      const file = databaseOf(all, pageBytes);
      file.bytes.fill(0, 0, 260);
      if (pairs === 0) assert.equal(openForChange(file, 4096).buckets, 2);
      else {
        refuses(file, 'corrupt', /page 0: its header is gone/);
        assert.throws(() => openForChange(file, 4096), /page 0: its header is gone/);
      }
    }
  }
  const zeros = new MemoryFile(new Uint8Array(200_000));
  assert.throws(() => openForChange(zeros, 4096), /page 0: its header is gone/);
});

test('version 1 is read and not written', () => {
  const file = withHeaderWord(4, 1);
  assert.equal([...openHashFile(file)].length, 500);
  assert.throws(() => openForChange(file, 4096), /version 1, which is only read/);
});

test('a pair larger than a page is not written', () => {
  const file = databaseOf([], 4096);
  const changed = openForChange(file, 4096);
  const most = 4096 - 6 - 8 - 1;
  assert.equal(changed.fits(bytes('k'), new Uint8Array(most)), true);
  changed.put(bytes('k'), new Uint8Array(most));
  assert.equal(changed.fits(bytes('l'), new Uint8Array(most + 1)), false);
  assert.throws(() => changed.put(bytes('l'), new Uint8Array(most + 1)), /4082 bytes is larger than a page/);
});

test('a file that can have no more overflow pages is full, and as it was', () => {
  const file = databaseOf([], 512);
  const changed = openForChange(file, 512);
  const before = Buffer.from(file.bytes);
  assert.throws(
    () => {
      for (let i = 0; i < 100_000; i++) changed.put(bytes(`key ${i}`), new Uint8Array(400));
    },
    (error: HashFileError) => error.code === 'full' && /all \d+ overflow pages/.test(error.message),
  );
  assert.deepEqual(Buffer.from(file.bytes), before);
});

test('a file open for reading is not changed', () => {
  const file = databaseOf([['192.0.2.1', new Uint8Array(32)]]);
  assert.throws(() => openHashFile(file).put(bytes('192.0.2.1'), new Uint8Array(32)), /open for reading/);
});
