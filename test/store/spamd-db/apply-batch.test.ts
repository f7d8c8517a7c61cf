import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { prepareBatch } from '../../../src/store/spamd-db/apply-batch.js';
import { openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { LoadedFile, MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { openSpamdDb } from '../../../src/store/spamd-db/spamd-db-store.js';
import { decodeValue } from '../../../src/store/spamd-db/value.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { OUTCOMES, StoreError } from '../../../src/store/store.js';
import type { Entry } from '../../../src/whitelist/entry.js';
import { flock } from './flock.js';
import { batchOf, databaseOf, entry, NOW, temporaryFolder, WHITEEXP } from './helpers.js';
import { ROOT } from './libdb1.js';

const LATER = NOW + 600;
const REFRESHED = OUTCOMES.indexOf('refreshed');

const addressesFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `10.${(first + i) >>> 8}.${(first + i) & 255}.7`);

const entriesOf = (file: MemoryFile): Map<string, Entry> =>
  new Map([...openHashFile(file)].map(({ key, value }) => [String(Buffer.from(key)), decodeValue(value)!]));

function fixture(name: string): MemoryFile {
  const url = new URL(`fixtures/spamd-db/${name}.db.gz`, ROOT);
  return new MemoryFile(new Uint8Array(gunzipSync(readFileSync(url))));
}

for (const pageBytes of [512, 4096, 16_384]) {
  test(`a batch gives the same file whether its writes are joined or not, pages of ${pageBytes} bytes`, () => {
    const known = addressesFrom(0, 3000);
    const start = databaseOf(
      known.map(address => [address, entry()]),
      pageBytes,
    );
    const batches = [known, known.slice(1000, 1003), [...addressesFrom(4000, 200), ...known.slice(500)]];
    for (const addresses of batches) {
      const run = prepareBatch(batchOf(addresses, LATER).words, WHITEEXP);
      const apart = new MemoryFile(start.bytes.slice());
      const separate = openForChange(apart, pageBytes);
      run(separate);
      const joined = openForChange(new LoadedFile(start.bytes.slice()), pageBytes);
      run(joined);
      const [many, few] = [separate.stage(), joined.stage()];
      if (addresses === known) assert.ok(few.length <= many.length, `${few.length} of ${many.length}`);
      if (addresses === known && pageBytes <= 4096)
        assert.ok(few.length < many.length / 3, `${few.length} of ${many.length}`);
      const together = new MemoryFile(start.bytes.slice());
      for (const { offset, bytes } of many) apart.write(bytes, offset);
      for (const { offset, bytes } of few) together.write(bytes, offset);
      assert.ok(Buffer.compare(apart.bytes, together.bytes) === 0);
      assert.deepEqual([...findProblems(together)], []);
      const entries = entriesOf(together);
      assert.equal(entries.size, new Set([...known, ...addresses]).size);
      for (const address of addresses) assert.equal(entries.get(address)!.expire, LATER + WHITEEXP);
    }
  });
}

for (const name of ['larger-than-pages', 'other-byte-order', 'half-deleted', 'crowd-4096']) {
  test(`every WHITE entry of ${name} is refreshed, and nothing else is changed`, () => {
    const file = fixture(name);
    const before = entriesOf(file);
    const now = 1_500_000_000;
    const white = [...before].filter(([key, { pcount, expire }]) => {
      return /^\d+\.\d+\.\d+\.\d+$/.test(key) && pcount >= 0 && expire > now;
    });
    assert.ok(white.length > 10);
    const changed = openForChange(new LoadedFile(file.bytes.slice()), 4096);
    const batch = batchOf(
      white.map(([key]) => key),
      now,
    );
    const { outcomes } = prepareBatch(batch.words, WHITEEXP)(changed);
    assert.ok(outcomes.every(outcome => outcome === REFRESHED));
    changed.commit(file);
    const expected = new Map(before);
    for (const [key, was] of white) {
      expected.set(key, { ...was, pcount: was.pcount + 1, expire: Math.max(was.expire, now + WHITEEXP) });
    }
    assert.deepEqual(entriesOf(file), expected);
  });
}

test('a prepared batch is run again on another file', () => {
  const run = prepareBatch(batchOf(['192.0.2.1'], LATER).words, WHITEEXP);
  for (const pcount of [3, 8]) {
    const file = databaseOf([['192.0.2.1', entry({ pcount })]]);
    const open = openForChange(file, 4096);
    assert.deepEqual([...run(open).outcomes], [REFRESHED]);
    open.commit(file);
    assert.equal(entriesOf(file).get('192.0.2.1')!.pcount, pcount + 1);
  }
});

test('a first batch so large that it is rehearsed counts each sighting once', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  const known = addressesFrom(0, 2000);
  await writeFile(path, databaseOf(known.map(address => [address, entry()])).bytes);
  const store = await openSpamdDb({ path, lock: flock });
  t.after(() => store.close());
  const addresses = [...known.slice(1000), ...addressesFrom(5000, 500)];
  const { outcomes } = await store.applyBatch(batchOf(addresses, LATER), WHITEEXP);
  assert.equal(outcomes.filter(outcome => outcome === REFRESHED).length, 1000);
  const entries = entriesOf(new MemoryFile(await readFile(path)));
  assert.equal(entries.size, 2500);
  known.forEach((address, i) => {
    assert.equal(entries.get(address)!.pcount, i < 1000 ? 0 : 1, address);
  });
});

test('a first large batch on a damaged file changes nothing and tells the page', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  const known = addressesFrom(0, 2000);
  const bytes = Buffer.from(databaseOf(known.map(address => [address, entry()])).bytes);
  await writeFile(path, bytes);
  const store = await openSpamdDb({ path, lock: flock });
  t.after(() => store.close());
  bytes.writeUInt16LE(7, 2 * 4096);
  await writeFile(path, bytes);
  await assert.rejects(store.applyBatch(batchOf(known, LATER), WHITEEXP), (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.message, `Cannot use store "${path}": page 2: an index of 7 words is impossible`);
    return error.code === 'corrupt';
  });
  assert.deepEqual(await readFile(path), bytes);
});
