import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeSlice } from '../../src/table/time-slice.js';

test('a walk is sent to rest time and again, and others get their turn', async () => {
  const slice = new TimeSlice();
  let turns = 0;
  let isOver = false;
  const other = (): void => {
    turns += 1;
    if (!isOver) setImmediate(other);
  };
  setImmediate(other);
  for (let rests = 0; rests < 3; ) {
    if (!slice.isOver()) continue;
    await slice.rest();
    rests += 1;
    assert.ok(turns >= rests);
  }
  isOver = true;
});
