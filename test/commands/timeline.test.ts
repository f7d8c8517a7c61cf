import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timeline } from '../../src/commands/timeline.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../../src/whitelist/sighting-block.js';

function columnsOf(times: readonly number[], columns: number): ReturnType<Timeline['columns']> {
  const timeline = new Timeline();
  for (const time of times) timeline.add(time);
  return timeline.columns(columns);
}

test('a short time has a column a second, from the first sighting to the last', () => {
  assert.deepEqual(columnsOf([100, 100, 102, 103], 60), { seconds: 1, counts: [2, 0, 1, 1] });
});

test('a longer time is put into as many columns as there are at most', () => {
  const times = Array.from({ length: 400 }, (_, i) => 1_700_000_000 + i);
  const { seconds, counts } = columnsOf(times, 10);
  assert.deepEqual([seconds, counts], [40, Array(10).fill(40)]);
});

test('nothing at all has no column', () => {
  assert.deepEqual(columnsOf([], 60).counts, []);
});

test('a block counts as its sightings one by one', () => {
  const sightings = fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.boolean()), { minLength: 1 });
  fc.assert(
    fc.property(sightings, fc.constantFrom(0, 0x7ffffe00, 0xfffff000), (seen, from) => {
      const words = new Int32Array((seen.length + 1) * SIGHTING_FIELD.wideStride);
      let end = 0;
      for (const [time, isIpv6] of seen) {
        const prefix = isIpv6 ? 0x20010db8 : 0;
        end = putSighting(words, end, [prefix, 0, 0xffff, 1], from + time, packOrigin(0, 1));
      }
      const timeline = new Timeline();
      timeline.addBlock(words, end);
      const times = seen.map(([time]) => from + time);
      assert.deepEqual(timeline.columns(60), columnsOf(times, 60));
    }),
  );
});

test('whatever the times and their order, no sighting is lost and no more columns come out', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1 }), times => {
      const { seconds, counts } = columnsOf(times, 60);
      assert.ok(counts.length <= 60 && counts.length >= 1);
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        times.length,
      );
      assert.ok(seconds * counts.length >= Math.max(...times) - Math.min(...times));
      assert.ok(counts[0]! > 0 && counts.at(-1)! > 0);
    }),
  );
});
