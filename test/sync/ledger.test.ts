import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { announcementRules } from '../../src/sync/announcement.js';
import { Ledger } from '../../src/sync/ledger.js';
import { WakeQueue } from '../../src/sync/wake-queue.js';

const NOW = 1_700_000_000;
const DAY = 86_400;
const WHITEEXP = 36 * DAY;
const RULES = announcementRules(WHITEEXP);

test('the queue gives its keys in the order of their times', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(20), (times, taken) => {
      const queue = new WakeQueue();
      const expected: number[] = [];
      times.forEach((time, key) => {
        queue.add(time, key);
        expected.push(time);
        if (key % 3 === 0 && taken > 0) {
          expected.sort((a, b) => a - b);
          assert.equal(queue.next, expected[0]);
          assert.equal(times[queue.take()!], expected.shift());
        }
      });
      for (const time of expected.sort((a, b) => a - b)) {
        assert.equal(queue.next, time);
        assert.equal(times[queue.take()!], time);
      }
      assert.equal(queue.length, 0);
      assert.equal(queue.next, Number.POSITIVE_INFINITY);
      assert.equal(queue.take(), undefined);
    }),
  );
});

test('an address is due at its first sighting, not at the next, and again when its time has come', () => {
  const ledger = new Ledger(RULES, 100);
  assert.equal(ledger.note(1, NOW + WHITEEXP, true, NOW), true);
  assert.deepEqual(ledger.say(1, NOW), [NOW + WHITEEXP]);
  assert.equal(ledger.note(1, NOW + 5 + WHITEEXP, false, NOW + 5), false);
  assert.equal(ledger.nextWake, NOW + 60);
  assert.deepEqual(ledger.takeDue(NOW + 59, 10), []);
  assert.deepEqual(ledger.takeDue(NOW + 60, 10), [1]);
  assert.deepEqual(ledger.takeDue(NOW + 60, 10), []);
  assert.deepEqual(ledger.say(1, NOW + 60), [NOW + WHITEEXP, NOW + 5 + WHITEEXP]);
  assert.equal(ledger.nextWake, NOW + 180);
});

test('no more addresses are taken than asked for, the others stay due', () => {
  const ledger = new Ledger(RULES, 100);
  for (let address = 0; address < 10; address++) ledger.note(address, NOW + WHITEEXP, true, NOW);
  const first = ledger.takeDue(NOW, 4);
  const others = ledger.takeDue(NOW, 100);
  assert.equal(first.length, 4);
  assert.deepEqual(
    [...first, ...others].sort((a, b) => a - b),
    Array.from({ length: 10 }, (_, i) => i),
  );
});

test('an address whose entry has ended is forgotten', () => {
  const ledger = new Ledger(RULES, 100);
  ledger.note(1, NOW + 30, true, NOW);
  ledger.say(1, NOW);
  assert.equal(ledger.nextWake, NOW + 30);
  assert.deepEqual(ledger.takeDue(NOW + 30, 10), []);
  assert.equal(ledger.size, 0);
  assert.equal(ledger.nextWake, Number.POSITIVE_INFINITY);
});

test('the database has the last word: an entry that is gone is not said, one that was shortened is said so', () => {
  const ledger = new Ledger(RULES, 100);
  for (const address of [1, 2, 3]) {
    ledger.note(address, NOW + WHITEEXP, true, NOW);
    ledger.say(address, NOW);
  }
  assert.deepEqual(ledger.takeDue(NOW + 60, 10).sort(), [1, 2, 3]);
  ledger.correct(1, undefined);
  ledger.correct(2, NOW + DAY);
  ledger.correct(3, NOW + 60 + WHITEEXP);
  assert.deepEqual(ledger.say(1, NOW + 60), []);
  assert.deepEqual(ledger.say(2, NOW + 60), [NOW + DAY]);
  assert.deepEqual(ledger.say(3, NOW + 60), [NOW + WHITEEXP, NOW + 60 + WHITEEXP]);
  assert.equal(ledger.size, 2);
});

test('an address that could not be said is due again later', () => {
  const ledger = new Ledger(RULES, 100);
  ledger.note(1, NOW + WHITEEXP, true, NOW);
  assert.deepEqual(ledger.takeDue(NOW, 10), [1]);
  ledger.postpone(1, NOW + 60);
  assert.deepEqual(ledger.takeDue(NOW + 59, 10), []);
  assert.deepEqual(ledger.takeDue(NOW + 60, 10), [1]);
});

test('what is remembered is bounded: the address said longest ago is forgotten first', () => {
  const ledger = new Ledger(RULES, 3);
  for (const address of [1, 2, 3]) {
    ledger.note(address, NOW + WHITEEXP, true, NOW);
    ledger.say(address, NOW);
  }
  ledger.say(1, NOW + 1);
  ledger.note(4, NOW + WHITEEXP, true, NOW + 2);
  assert.equal(ledger.size, 3);
  assert.equal(ledger.forgotten, 1);
  assert.deepEqual(
    [1, 2, 3, 4].map(address => ledger.recall(address).length),
    [1, 0, 1, 0],
  );
  assert.equal(ledger.note(2, NOW + WHITEEXP, false, NOW + 3), true);
});

test('an address that was adopted keeps what is known of it better', () => {
  const ledger = new Ledger(RULES, 100);
  ledger.note(1, NOW + WHITEEXP, true, NOW);
  ledger.say(1, NOW);
  ledger.adopt(1, NOW + 5, NOW, 0);
  ledger.adopt(2, NOW + DAY, NOW, 0);
  assert.deepEqual(ledger.recall(1), [NOW + WHITEEXP]);
  assert.deepEqual(ledger.recall(2), [NOW + DAY]);
  assert.deepEqual(ledger.takeDue(NOW, 10), [2]);
});
