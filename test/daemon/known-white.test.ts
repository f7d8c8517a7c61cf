import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KnownWhite } from '../../src/daemon/known-white.js';

const V4 = [0, 0, 0xffff, 0xc0000201] as const;

test('an address is known until its entry ends', () => {
  const known = new KnownWhite();
  assert.equal(known.has(...V4, 1), false);
  known.set(...V4, 100);
  assert.equal(known.has(...V4, 99), true);
  assert.equal(known.has(...V4, 100), false);
  known.set(...V4, 4_000_000_000);
  assert.equal(known.has(...V4, 3_999_999_999), true);
});

test('an address as text is the same one; what is none is refused', () => {
  const known = new KnownWhite();
  assert.equal(known.setText('192.0.2.1', 100), true);
  assert.equal(known.has(...V4, 1), true);
  assert.equal(known.setText('192.0.2.1', 0), true);
  assert.equal(known.has(...V4, 1), false);
  assert.equal(known.setText('hYv', 100), false);
});

test('it can forget everything', () => {
  const known = new KnownWhite();
  known.set(...V4, 100);
  known.clear();
  assert.equal(known.has(...V4, 1), false);
});

test('it tells what a map would', () => {
  const word = fc.integer({ min: 0, max: 3 });
  const step = fc.tuple(word, word, word, word, fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000 }), steps => {
      const known = new KnownWhite();
      const map = new Map<string, number>();
      for (const [a, b, c, d, expire] of steps) {
        assert.equal(known.has(a, b, c, d, 5), (map.get(`${a} ${b} ${c} ${d}`) ?? 0) > 5);
        known.set(a, b, c, d, expire);
        map.set(`${a} ${b} ${c} ${d}`, expire);
      }
    }),
  );
});
