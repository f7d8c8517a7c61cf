// The rules of whitelist/entry.ts are pure functions: whatever entries are there, a batch must do to them what those say.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OUTCOMES } from '../../src/store/store.js';
import { applySightings, type Entry } from '../../src/whitelist/entry.js';
import {
  batchOf,
  type Check,
  found,
  NOW,
  type Seen,
  sorted,
  tarpitRecord,
  tarpitTuple,
} from './store-subject.js';

/** Short, so that entries end between sightings. */
const WHITEEXP = 1000;

/** One the beginning of another, and one that another ends with; others in every run, so that nothing is there. */
function addressesOf(run: number): string[] {
  const [high, low] = [run >> 8, run & 255];
  return [`92.${high}.${low}.1`, `92.${high}.${low}.10`, `192.${high}.${low}.1`, `2.${high}.${low}.1`];
}
const NAMES = addressesOf(0).length;
const name = fc.nat(NAMES - 1);

const near = fc.integer({ min: NOW - WHITEEXP, max: NOW + 3 * WHITEEXP });
const LATEST = 2 ** 32 - 1;
/** What a capture can say: 32 bits. */
const sightingTime = fc.oneof(
  { weight: 6, arbitrary: near },
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, LATEST - WHITEEXP, LATEST),
);
/** What a database can say. */
const entryTime = fc.oneof(
  { weight: 6, arbitrary: near },
  fc.constantFrom(
    -1,
    0,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 40,
    Number.MIN_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
  ),
);
const count = fc.constantFrom(0, 1, 7, 2 ** 31 - 2, 2 ** 31 - 1);
const entry: fc.Arbitrary<Entry> = fc.record({
  first: entryTime,
  pass: entryTime,
  expire: entryTime,
  bcount: count,
  pcount: fc.oneof(fc.constant(-1), count),
});
const seen = fc.array(fc.record({ name, time: sightingTime }), { maxLength: 12 });

/** The test. */
export function checkRules(check: Check, runs: number): void {
  check(
    'whatever entries are there, a batch does to them what the rules say',
    ['tarpit'],
    async (store, opened) => {
      const there = fc.uniqueArray(fc.tuple(name, entry), { selector: ([one]) => one });
      let run = 0;
      const same = fc.asyncProperty(there, fc.array(seen, { maxLength: 3 }), async (entries, batches) => {
        const addresses = addressesOf(run++);
        const expected = new Map(entries.map(([one, { ...fields }]) => [addresses[one]!, fields]));
        const tuples = addresses.flatMap(address =>
          ['<a@example.org>', '<b@example.org>'].map(to => tarpitTuple(address, to)),
        );
        await opened.plant([...tuples, ...[...expected].map(([address, one]) => tarpitRecord(address, one))]);
        for (const sightings of batches) {
          const all = sightings.map(({ name: one, time }): Seen => ({ address: addresses[one]!, time }));
          const batch = batchOf(all, WHITEEXP);
          const { outcomes, expires } = await store.applyBatch(batch, WHITEEXP);
          for (const [row, { address, ...sum }] of [...batch].entries()) {
            const { outcome, entry: after } = applySightings(expected.get(address), sum, WHITEEXP);
            expected.set(address, after);
            assert.deepEqual(
              [address, OUTCOMES[outcomes[row]!], expires[row]],
              [address, outcome, after.expire],
            );
          }
        }
        const records = (await Promise.all(addresses.map(address => found(store, address)))).flat();
        const own = records.filter(({ kind }) => kind === 'address');
        assert.deepEqual(new Map(own.map(record => [record.address, record.entry])), expected);
        assert.deepEqual(sorted(records.filter(({ kind }) => kind === 'tuple')), sorted(tuples));
      });
      await fc.assert(same, { numRuns: 10 * runs, includeErrorInReport: true });
    },
  );
}
