import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SeenMessages } from '../../src/sync/seen-messages.js';

const NOW = 1_700_000_000;
const WINDOW = 300;

test('a message is seen again for as long as its time would be accepted', () => {
  const seen = new SeenMessages(WINDOW, 100);
  assert.equal(seen.see('a', NOW + WINDOW, NOW), 'unseen');
  for (const later of [0, 1, WINDOW, 2 * WINDOW]) {
    assert.equal(seen.see('a', NOW + WINDOW, NOW + later), 'seen', `${later} s later`);
  }
});

test('what is out of the window is remembered no more', () => {
  const seen = new SeenMessages(WINDOW, 100);
  seen.see('a', NOW, NOW);
  seen.see('b', NOW + 1200, NOW + 1200);
  seen.see('c', NOW + 2400, NOW + 2400);
  assert.equal(seen.size, 2);
});

test('a message that is remembered no more because there were too many is not taken for one not seen', () => {
  const seen = new SeenMessages(WINDOW, 4);
  for (let i = 0; i < 6; i++) assert.equal(seen.see(`${i}`, NOW + i, NOW + i), 'unseen');
  assert.equal(seen.size, 4);
  assert.equal(seen.see('0', NOW, NOW + 6), 'forgotten');
  assert.equal(seen.see('late', NOW + 1, NOW + 6), 'forgotten');
  assert.equal(seen.see('late', NOW + 2, NOW + 6), 'unseen');
});

test('whatever comes, nothing is accepted twice within the window, and memory stays within its bounds', () => {
  const arrival = fc.record({
    id: fc.nat(30),
    wait: fc.constantFrom(0, 1, 50, 299, 301, 700),
    lag: fc.integer({ min: -WINDOW, max: WINDOW }),
  });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 200 }), fc.constantFrom(2, 4, 16, 1000), (arrivals, limit) => {
      const seen = new SeenMessages(WINDOW, limit);
      const accepted = new Set<string>();
      const times = new Map<number, number>();
      let now = NOW;
      for (const { id, wait, lag } of arrivals) {
        now += wait;
        // The same message says the same time whenever it comes.
        const timestamp = times.get(id) ?? now - lag;
        times.set(id, timestamp);
        if (Math.abs(now - timestamp) > WINDOW) continue;
        const recollection = seen.see(`${id}`, timestamp, now);
        if (recollection === 'unseen') assert.ok(!accepted.has(`${id}`));
        if (recollection === 'seen') assert.ok(accepted.has(`${id}`));
        if (recollection === 'forgotten') assert.ok(limit < 1000);
        if (recollection === 'unseen') accepted.add(`${id}`);
        assert.ok(seen.size <= limit);
      }
    }),
    { numRuns: 1000 },
  );
});
