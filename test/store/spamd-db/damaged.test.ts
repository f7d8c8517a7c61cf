import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { overflowPage } from '../../../src/store/spamd-db/addressing.js';
import type { Pair } from '../../../src/store/spamd-db/chains.js';
import { openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { HashFileError } from '../../../src/store/spamd-db/hash-file-error.js';
import { openParts } from '../../../src/store/spamd-db/hash-parts.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { findRecordProblems } from '../../../src/store/spamd-db/verify-database.js';
import { ROOT } from './libdb1.js';
import { pick, type Random, seededRandom } from './random.js';

const FILES = 1000;

/** A database before it is damaged: its bytes, and of each bucket the pages' numbers and the pairs. */
interface Original {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  /** Where its bitmap begins. */
  readonly bitmapAt: number;
  readonly buckets: readonly { readonly pages: readonly number[]; readonly pairs: readonly Pair[] }[];
}

/** Databases of every page size, byte order and kind of record. */
function originals(): Original[] {
  const folder = new URL('fixtures/spamd-db/', ROOT);
  const names = readdirSync(folder).filter(name => name.endsWith('.db.gz') && !name.startsWith('empty'));
  return names.map(name => describe(gunzipSync(readFileSync(new URL(name, folder)))));
}

function describe(bytes: Buffer): Original {
  const { header, chains } = openParts(new MemoryFile(bytes));
  const buckets = Array.from({ length: header.maxBucket + 1 }, (_, bucket) => ({
    pages: chains.load(bucket).map(page => page.number),
    pairs: chains.pairs(bucket),
  }));
  const { pageBytes } = header;
  return { bytes, pageBytes, bitmapAt: overflowPage(header, header.bitmaps[0]!, 0) * pageBytes, buckets };
}

/** The pairs of the buckets of which no damage has touched a page; none of a file whose header or length is wrong. */
function intactPairs({ bytes, pageBytes, buckets }: Original, damaged: Uint8Array): Pair[] {
  const isSame = (from: number, to: number): boolean =>
    Buffer.compare(bytes.subarray(from, to), damaged.subarray(from, to)) === 0;
  // Where the search for a free page begins is free to differ.
  const isSameHeader = isSame(0, 36) && isSame(40, 260);
  if (!isSameHeader || orRefusal(() => openHashFile(new MemoryFile(damaged))) instanceof HashFileError)
    return [];
  const isIntact = (page: number): boolean => isSame(page * pageBytes, (page + 1) * pageBytes);
  return buckets.filter(({ pages }) => pages.every(isIntact)).flatMap(({ pairs }) => pairs);
}

type Damage = (random: Random, bytes: Uint8Array, original: Original) => Uint8Array;

const someBytes: Damage = (random, bytes) => {
  for (let i = random(20); i >= 0; i--) bytes[random(bytes.length)] = random(256);
  return bytes;
};

const headerBytes: Damage = (random, bytes) => {
  for (let i = random(3); i >= 0; i--) bytes[random(260)] = random(256);
  return bytes;
};

const smallHeaderNumber: Damage = (random, bytes) => {
  new DataView(bytes.buffer).setUint32(4 * random(50), random(100));
  return bytes;
};

/** Words of an index are where a reader is led astray most. */
const indexWords: Damage = (random, bytes) => {
  const words = new DataView(bytes.buffer);
  const pageBytes = pick(random, [512, 4096, 16_384]);
  for (let i = random(4); i >= 0; i--) {
    const page = random(Math.floor(bytes.length / pageBytes)) * pageBytes;
    words.setUint16(
      page + 2 * random(12),
      pick(random, [0, 1, 2, 3, 4, random(65_536), random(pageBytes)]),
      true,
    );
  }
  return bytes;
};

const shortened: Damage = (random, bytes) => bytes.subarray(0, random(bytes.length));

const zeroed: Damage = (random, bytes) => bytes.fill(0, random(bytes.length), random(bytes.length));

const pageOverPage: Damage = (random, bytes) => {
  const pageBytes = pick(random, [512, 4096, 16_384]);
  const pages = Math.floor(bytes.length / pageBytes);
  const from = random(pages) * pageBytes;
  bytes.copyWithin(random(pages) * pageBytes, from, from + pageBytes);
  return bytes;
};

/** Pages that are in chains become free; the search for a free one begins at the header's word 9. */
const bitmapBytes: Damage = (random, bytes, { bitmapAt }) => {
  for (let i = random(8); i >= 0; i--) bytes[bitmapAt + random(8)]! &= random(256);
  new DataView(bytes.buffer).setUint32(36, 0);
  return bytes;
};

const DAMAGES = [
  someBytes,
  headerBytes,
  smallHeaderNumber,
  indexWords,
  shortened,
  zeroed,
  pageOverPage,
  bitmapBytes,
];

/** What an action gives, or the error by which it refused a damaged file; any other error is the test's. */
function orRefusal<T>(action: () => T): T | HashFileError {
  try {
    return action();
  } catch (error) {
    if (error instanceof HashFileError) return error;
    throw error;
  }
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Asserts that a file has these pairs, but for those whose key is in `changed`. */
function assertHas(
  file: MemoryFile,
  pairs: readonly Pair[],
  changed: ReadonlySet<string>,
  seed: number,
): void {
  if (pairs.length === 0) return;
  const opened = openHashFile(file);
  for (const { key, value } of pairs) {
    if (changed.has(toHex(key))) continue;
    const found = opened.get(key);
    assert.equal(found && toHex(found), toHex(value), `seed ${seed}: ${Buffer.from(key)}`);
  }
}

/** Puts some pairs and deletes those given, and gives which keys these were; or refuses. */
function changeFile(random: Random, file: MemoryFile, deleted: readonly Pair[]): Set<string> | HashFileError {
  return orRefusal(() => {
    const keys = new Set<string>();
    const changed = openForChange(file, 4096);
    for (let i = pick(random, [1, 4, 200]); i > 0; i--) {
      // A long one takes a page of its own.
      const long = `203.0.113.1\nhelo\n<${'a'.repeat(random(2000))}>\n<b>`;
      const key = Buffer.from(random(4) === 0 ? long : `203.0.113.${random(256)}`);
      if (!changed.fits(key, new Uint8Array(32))) continue;
      changed.put(key, new Uint8Array(32));
      keys.add(toHex(key));
    }
    for (const { key } of deleted) {
      changed.delete(key);
      keys.add(toHex(key));
    }
    changed.commit(file);
    return keys;
  });
}

test(`${FILES} damaged files are read or refused, and no change of one loses what was whole`, () => {
  const files = originals();
  const counts = { read: 0, refused: 0, changed: 0, unchanged: 0, intact: 0 };
  for (let seed = 0; seed < FILES; seed++) {
    const random = seededRandom(seed);
    const original = pick(random, files);
    const bytes = pick(random, DAMAGES)(random, new Uint8Array(original.bytes), original);
    const file = new MemoryFile(bytes);
    const before = Buffer.from(bytes);
    const intact = intactPairs(original, bytes);
    counts.intact += intact.length;
    assertHas(file, intact, new Set(), seed);

    const pairs = orRefusal(() => [...openHashFile(file)]);
    counts[pairs instanceof HashFileError ? 'refused' : 'read']++;
    if (!(pairs instanceof HashFileError)) assert.ok(pairs.length <= bytes.length / 4, `seed ${seed}`);
    const found = orRefusal(() => [...findProblems(file), ...findRecordProblems(file)]);
    const problems = found instanceof HashFileError ? [found] : found;
    if (pairs instanceof HashFileError) assert.ok(problems.length > 0, `seed ${seed}: ${pairs.message}`);

    const keys = changeFile(random, file, pairs instanceof HashFileError ? [] : pairs.slice(0, random(20)));
    if (keys instanceof HashFileError) {
      counts.unchanged++;
      assert.deepEqual(Buffer.from(file.bytes), before, `seed ${seed}`);
      assert.ok(keys.code !== 'corrupt' || keys.page !== undefined, `seed ${seed}: ${keys.message}`);
      assert.ok(keys.code !== 'corrupt' || problems.length > 0, `seed ${seed}: ${keys.message}`);
    } else {
      counts.changed++;
      assertHas(file, intact, keys, seed);
    }
  }
  for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`);
});
