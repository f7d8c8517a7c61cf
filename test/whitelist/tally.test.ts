import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatWords } from '../../src/address/address.js';
import {
  type AddressSightings,
  Batch,
  DIRECTION,
  type Direction,
  FIELD,
  type LogRule,
} from '../../src/whitelist/batch.js';
import { addSighting, firstSighting } from '../../src/whitelist/entry.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../../src/whitelist/sighting-block.js';
import { Tally } from '../../src/whitelist/tally.js';

const RULES: readonly LogRule[] = [3, 4, 7].map(rulenr => ({
  interface: 'em0',
  ruleset: '',
  rulenr,
  subrulenr: null,
}));

interface Seen {
  readonly words: readonly [number, number, number, number];
  readonly time: number;
  readonly direction: Direction;
  readonly rule: number;
}

const word = fc.constantFrom(0, 0x20010db8, 0xffffffff);
/** Around a few days of a life of a day, and around the numbers that are negative as signed words. */
const time = fc.oneof(
  fc.integer({ min: 1_700_000_000, max: 1_700_400_000 }),
  fc.integer({ min: 0x7fffff00, max: 0x80000100 }),
  fc.constantFrom(0, 1, 0xffffffff),
);
const seen: fc.Arbitrary<Seen> = fc.record({
  words: fc.tuple(word, word, fc.constantFrom(0, 0xffff), fc.nat(3)),
  time,
  direction: fc.constantFrom<Direction>('in', 'out'),
  rule: fc.nat(2),
});
const DAY = 86_400;

function toBlock(sightings: readonly Seen[]): Int32Array {
  const words = new Int32Array(sightings.length * SIGHTING_FIELD.wideStride);
  let end = 0;
  for (const { words: address, time: at, direction, rule } of sightings) {
    end = putSighting(words, end, address, at, packOrigin(rule, DIRECTION[direction]));
  }
  return words.slice(0, end);
}

/** The same by addSighting, in a map. */
function model(sightings: readonly Seen[], whiteexp: number): AddressSightings[] {
  const rows = new Map<string, AddressSightings>();
  for (const { words, time: at, direction, rule } of sightings) {
    const address = formatWords(...words);
    const known = rows.get(address);
    const isLatest = known === undefined || at >= known.lastSeen;
    rows.set(address, {
      address,
      ...(known ? addSighting(known, at, whiteexp) : firstSighting(at)),
      firstSeen: Math.min(known?.firstSeen ?? at, at),
      lastSeen: Math.max(known?.lastSeen ?? at, at),
      inbound: (known?.inbound ?? 0) + (direction === 'in' ? 1 : 0),
      outbound: (known?.outbound ?? 0) + (direction === 'out' ? 1 : 0),
      lastDirection: isLatest ? direction : known.lastDirection,
      rule: isLatest ? RULES[rule]! : known.rule,
    });
  }
  return [...rows.values()];
}

const life = fc.constantFrom(1, 3600, DAY, 36 * DAY);

test('a tally of blocks of any size is what addSighting makes one sighting at a time', () => {
  fc.assert(
    fc.property(fc.array(fc.array(seen, { maxLength: 40 }), { maxLength: 6 }), life, (blocks, whiteexp) => {
      const tally = new Tally(whiteexp);
      for (const block of blocks) tally.add(toBlock(block));
      const expected = model(blocks.flat(), whiteexp);
      assert.equal(tally.size, expected.length);
      assert.deepEqual([...tally.take(RULES)], expected);
    }),
    { numRuns: 1000 },
  );
});

test('of a block only as many are added as are said to be in it', () => {
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 30 }), fc.nat(30), (block, count) => {
      const part = block.slice(0, count);
      const tally = new Tally(DAY);
      tally.add(toBlock(block), toBlock(part).length);
      assert.deepEqual([...tally.take(RULES)], model(part, DAY));
    }),
  );
});

test('after a batch was taken another begins, with nothing of the first', () => {
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 30 }), fc.array(seen, { maxLength: 30 }), (first, second) => {
      const tally = new Tally(DAY);
      tally.add(toBlock(first));
      const batch = tally.take(RULES);
      tally.add(toBlock(second));
      assert.deepEqual([...tally.take(RULES)], model(second, DAY));
      assert.deepEqual([...batch], model(first, DAY));
      assert.equal(tally.size, 0);
    }),
  );
});

test('more addresses than there is room for at first, in blocks larger than a slice', () => {
  const sightings = Array.from(
    { length: 20_000 },
    (_, i): Seen => ({
      words: [0, 0, 0xffff, Math.imul(i % 7000, 0x9e3779b1) >>> 0],
      time: 1_700_000_000 + ((i * 7919) % 100_000),
      direction: i % 3 === 0 ? 'in' : 'out',
      rule: i % 3,
    }),
  );
  const tally = new Tally(3600);
  for (let at = 0; at < sightings.length; at += 1300) tally.add(toBlock(sightings.slice(at, at + 1300)));
  assert.deepEqual([...tally.take(RULES)], model(sightings, 3600));
});

test('an empty tally is an empty batch', () => {
  const tally = new Tally(DAY);
  tally.add(new Int32Array(0));
  const batch = tally.take([]);
  assert.equal(batch.length, 0);
  assert.deepEqual([...batch], []);
});

test('the number of a rule and a direction make one word', () => {
  for (const rule of [0, 1, 3, 65_536]) {
    const tally = new Tally(DAY);
    const words = toBlock([{ words: [0, 0, 0xffff, 1], time: 5, direction: 'out', rule }]);
    tally.add(words);
    const rules = Array.from({ length: rule + 1 }, (_, i) => ({ ...RULES[0]!, rulenr: i }));
    const [row] = tally.take(rules);
    assert.deepEqual([row!.lastDirection, row!.rule.rulenr], ['out', rule]);
  }
});

test('a tally that was copied from and cleared goes on as a new one', () => {
  const tally = new Tally(3600);
  for (const count of [3000, 2500, 1, 40]) {
    const sightings = Array.from(
      { length: 2 * count },
      (_, i): Seen => ({
        words: [0, 0, 0xffff, (count * 17 + (i % count)) >>> 0],
        time: 1_700_000_000 + ((i * 7919) % 100_000) - count,
        direction: i % 3 === 0 ? 'in' : 'out',
        rule: i % 3,
      }),
    );
    tally.add(toBlock(sightings));
    const expected = model(sightings, 3600);
    const words = new Uint32Array(7 * FIELD.stride);
    const rows: AddressSightings[] = [];
    for (let from = 0; from < tally.size; from += 7) {
      const to = Math.min(from + 7, tally.size);
      tally.copy(words, from, to);
      rows.push(...new Batch(words.subarray(0, (to - from) * FIELD.stride), RULES));
    }
    assert.deepEqual(rows, expected);
    tally.clear();
    assert.equal(tally.size, 0);
  }
});
