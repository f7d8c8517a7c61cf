import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addSighting,
  applySightings,
  type Change,
  type Entry,
  firstSighting,
  type SightingSum,
} from '../../src/whitelist/entry.js';

/** What one sighting makes of an entry: the rules as they are written, one sighting at a time. */
function see(entry: Entry | undefined, time: number, whiteexp: number): Entry {
  if (entry === undefined || entry.expire <= time) {
    return { first: time, pass: time, expire: time + whiteexp, bcount: 1, pcount: 0 };
  }
  if (entry.pcount < 0) return entry;
  return { ...entry, pcount: entry.pcount + 1, expire: Math.max(entry.expire, time + whiteexp) };
}

/** What sightings one after the other make of an entry, and what that is called. */
function seeAll(entry: Entry | undefined, times: readonly number[], whiteexp: number): Change {
  let now = entry;
  let isMade = entry === undefined;
  for (const time of times) {
    if (now !== undefined && now.expire <= time) isMade = true;
    now = see(now, time, whiteexp);
  }
  const outcome = isMade ? 'added' : now!.pcount < 0 ? 'trapped' : 'refreshed';
  return { outcome, entry: now! };
}

function sumOf(times: readonly number[], whiteexp: number): SightingSum {
  const [first, ...rest] = times;
  return rest.reduce((sum, time) => addSighting(sum, time, whiteexp), firstSighting(first!));
}

const time = fc.integer({ min: 0, max: 200 });
const times = fc.array(time, { minLength: 1, maxLength: 12 });
const whiteexp = fc.integer({ min: 1, max: 80 });

function entryOf(pcount: fc.Arbitrary<number>): fc.Arbitrary<Entry> {
  return fc.record({
    first: time,
    pass: time,
    expire: fc.integer({ min: -10, max: 300 }),
    bcount: fc.nat(5),
    pcount,
  });
}

const RUNS = { numRuns: 5000 };

test('a sum of sightings does to an entry what they do one at a time, whatever their order', () => {
  const white = fc.option(entryOf(fc.nat(5)), { nil: undefined });
  fc.assert(
    fc.property(white, times, whiteexp, (entry, all, life) => {
      assert.deepEqual(applySightings(entry, sumOf(all, life), life), seeAll(entry, all, life));
    }),
    RUNS,
  );
});

test('and to a trap, but where it ended between two sightings of the last run', () => {
  let exceptions = 0;
  fc.assert(
    fc.property(entryOf(fc.constant(-1)), times, whiteexp, (trap, all, life) => {
      const sum = sumOf(all, life);
      const change = applySightings(trap, sum, life);
      const model = seeAll(trap, all, life);
      if (trap.expire <= sum.runStart || trap.expire > sum.runLatest) {
        assert.deepEqual(change, model);
        return;
      }
      exceptions++;
      // Then the latest sighting alone counts: the end is right, the beginning may be later, the count less.
      assert.deepEqual(change, { outcome: 'added', entry: see(undefined, sum.runLatest, life) });
      assert.equal(model.outcome, 'added');
      assert.equal(change.entry.expire, model.entry.expire);
      assert.ok(change.entry.first >= model.entry.first);
      assert.ok(change.entry.pcount <= model.entry.pcount);
    }),
    RUNS,
  );
  assert.ok(exceptions > 0);
});

test('two batches do what one would', () => {
  fc.assert(
    fc.property(
      fc.option(entryOf(fc.nat(5)), { nil: undefined }),
      times,
      times,
      whiteexp,
      (entry, a, b, life) => {
        const first = applySightings(entry, sumOf(a, life), life);
        const second = applySightings(first.entry, sumOf(b, life), life);
        assert.deepEqual(second.entry, seeAll(entry, [...a, ...b], life).entry);
      },
    ),
    RUNS,
  );
});

test('a run ends where the entry made or refreshed by it would have', () => {
  assert.deepEqual(sumOf([100, 109], 10), { count: 2, runStart: 100, runLatest: 109, runCount: 2 });
  assert.deepEqual(sumOf([100, 110], 10), { count: 2, runStart: 110, runLatest: 110, runCount: 1 });
  assert.deepEqual(sumOf([100, 105, 114], 10), { count: 3, runStart: 100, runLatest: 114, runCount: 3 });
  assert.deepEqual(sumOf([100, 105, 95, 115, 3], 10), {
    count: 5,
    runStart: 115,
    runLatest: 115,
    runCount: 2,
  });
});
