import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { HashFileError } from '../../../src/store/spamd-db/hash-file-error.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { findRecordProblems } from '../../../src/store/spamd-db/verify-database.js';
import { ROOT } from './libdb1.js';
import { pick, type Random, seededRandom } from './random.js';

const FILES = 1000;

/** Databases of every page size, byte order and kind of record. */
function originals(): Buffer[] {
  const folder = new URL('fixtures/spamd-db/', ROOT);
  const names = readdirSync(folder).filter(name => name.endsWith('.db.gz') && !name.startsWith('empty'));
  return names.map(name => gunzipSync(readFileSync(new URL(name, folder))));
}

type Damage = (random: Random, bytes: Uint8Array) => Uint8Array;

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

const DAMAGES = [someBytes, headerBytes, smallHeaderNumber, indexWords, shortened, zeroed, pageOverPage];

/** What an action gives, or the error by which it refused a damaged file; any other error is the test's. */
function orRefusal<T>(action: () => T): T | HashFileError {
  try {
    return action();
  } catch (error) {
    if (error instanceof HashFileError) return error;
    throw error;
  }
}

test(`${FILES} damaged files are read or refused, never changed by a change that is refused`, () => {
  const files = originals();
  const counts = { read: 0, refused: 0, changed: 0, unchanged: 0 };
  for (let seed = 0; seed < FILES; seed++) {
    const random = seededRandom(seed);
    const bytes = pick(random, DAMAGES)(random, new Uint8Array(pick(random, files)));
    const file = new MemoryFile(bytes);
    const before = Buffer.from(bytes);

    const pairs = orRefusal(() => [...openHashFile(file)]);
    counts[pairs instanceof HashFileError ? 'refused' : 'read']++;
    if (!(pairs instanceof HashFileError)) assert.ok(pairs.length <= bytes.length / 4, `seed ${seed}`);
    const problems = [...findProblems(file), ...findRecordProblems(file)];
    if (pairs instanceof HashFileError) assert.ok(problems.length > 0, `seed ${seed}: ${pairs.message}`);

    const refusal = orRefusal(() => {
      const changed = openForChange(file, 4096);
      for (let i = 0; i < 60; i++) changed.put(Buffer.from(`203.0.113.${random(256)}`), new Uint8Array(32));
      if (!(pairs instanceof HashFileError)) for (const pair of pairs.slice(0, 20)) changed.delete(pair.key);
      changed.commit(file);
    });
    if (refusal === undefined) counts.changed++;
    else {
      counts.unchanged++;
      assert.deepEqual(Buffer.from(file.bytes), before, `seed ${seed}`);
      assert.ok(refusal.code !== 'corrupt' || refusal.page !== undefined, `seed ${seed}: ${refusal.message}`);
    }
  }
  for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`);
});
