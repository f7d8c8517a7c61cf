import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timeline } from '../../src/commands/timeline.js';

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
