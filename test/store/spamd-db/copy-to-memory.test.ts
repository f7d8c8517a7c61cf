import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyToMemory } from '../../../src/store/spamd-db/copy-to-memory.js';
import { openSpamdDb } from '../../../src/store/spamd-db/spamd-db-store.js';
import { encodeValue } from '../../../src/store/spamd-db/value.js';
import { batchOf as batchOfSeen, found } from '../../contract/store-subject.js';
import { flock } from './flock.js';
import { batchOf, databaseOf, entry, NOW, temporaryFolder, WHITEEXP } from './helpers.js';

test('what becomes of many addresses is told without a lock for each', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  const addresses = Array.from({ length: 600 }, (_, i) => `192.0.${i >> 8}.${i & 255}`);
  await writeFile(path, databaseOf(addresses.slice(0, 200).map(name => [name, entry()])).bytes);
  let locks = 0;
  const lock = async (fd: number): Promise<boolean> => {
    locks++;
    return flock === undefined || flock(fd);
  };
  const store = await openSpamdDb({ path, lock });
  t.after(() => store.close());
  locks = 0;
  const copy = await copyToMemory(store, { now: NOW, whiteexpSeconds: WHITEEXP });
  const { outcomes } = await copy.applyBatch(batchOf(addresses, NOW + 1), WHITEEXP);
  assert.equal(locks, 1);
  assert.deepEqual([...new Set(outcomes.slice(0, 200)), ...new Set(outcomes.slice(200))], [1, 0]);
  assert.equal((await store.get('192.0.0.0'))!.expire, NOW + WHITEEXP, 'and nothing is written');
});

const ADDRESSES = ['192.0.2.1', '192.0.2.2', '10.0.0.1', '2001:db8::1', '2001:db8::2'];

/** 20 bytes, as before 2013. */
function oldValue(expire: number, pcount: number): Uint8Array {
  return new Uint8Array(Int32Array.of(NOW, NOW, expire, 1, pcount).buffer);
}

const time = fc.integer({ min: NOW - 9, max: NOW + 9 });
const value = fc
  .record({
    expire: time,
    pcount: fc.constantFrom(-1, 0, 3),
    form: fc.constantFrom('new', 'new', 'old', 'odd'),
  })
  .map(({ expire, pcount, form }) => {
    if (form === 'old') return oldValue(expire, pcount);
    return form === 'odd' ? new Uint8Array(7) : encodeValue(entry({ expire, pcount }));
  });
const key = fc.constantFrom(
  ...ADDRESSES,
  '2001:DB8::1',
  '192.0.2.1\nh\n<a>\n<b>',
  'trap@example.org',
  '010.0.0.1',
);
const seen = fc.array(fc.record({ address: fc.constantFrom(...ADDRESSES), time }), { maxLength: 6 });

test('a batch does to the copy what it then does to the database', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  const life = 5;
  const pairs = fc.array(fc.tuple(key, value), { maxLength: 8 });
  const same = fc.asyncProperty(pairs, fc.array(seen, { maxLength: 3 }), async (all, batches) => {
    await writeFile(path, databaseOf(all).bytes);
    const store = await openSpamdDb({ path, lock: flock });
    try {
      for (const sightings of batches) {
        const batch = batchOfSeen(sightings, life);
        const copy = await copyToMemory(store, { now: NOW, whiteexpSeconds: life });
        const dry = await copy.applyBatch(batch, life);
        assert.deepEqual(dry, await store.applyBatch(batch, life));
        for (const { address } of sightings) {
          const [own] = (await found(copy, address)).map(({ entry: one }) => one);
          assert.deepEqual(own, await store.get(address));
        }
      }
    } finally {
      await store.close();
    }
  });
  await fc.assert(same, { numRuns: 40, includeErrorInReport: true });
});
