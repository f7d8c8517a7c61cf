import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatWords } from '../../src/address/address.js';
import { type AddressSightings, Batch, DIRECTION, FIELD, type LogRule } from '../../src/whitelist/batch.js';

const RULES: readonly LogRule[] = [
  { interface: 'em0', ruleset: '', rulenr: 4, subrulenr: null },
  { interface: '#2', ruleset: 'spamlogd-in', rulenr: null, subrulenr: null },
];

const number = fc.integer({ min: 0, max: 0xffffffff });
const row = fc.record({
  words: fc.tuple(number, number, fc.constantFrom(0, 0xffff), number),
  count: number,
  runStart: number,
  runLatest: number,
  runCount: number,
  firstSeen: number,
  inbound: number,
  outbound: number,
  direction: fc.constantFrom('in' as const, 'out' as const),
  rule: fc.nat(1),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

function write(words: Uint32Array, at: number, value: Row): void {
  words.set(value.words, at + FIELD.address);
  for (const name of [
    'count',
    'runStart',
    'runLatest',
    'runCount',
    'firstSeen',
    'inbound',
    'outbound',
  ] as const)
    words[at + FIELD[name]] = value[name];
  words[at + FIELD.lastDirection] = DIRECTION[value.direction];
  words[at + FIELD.rule] = value.rule;
}

function expected({ words, direction, rule, ...numbers }: Row): AddressSightings {
  return {
    address: formatWords(...words),
    ...numbers,
    lastSeen: numbers.runLatest,
    lastDirection: direction,
    rule: RULES[rule]!,
  };
}

test('every field of every row comes back from the words', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), rows => {
      const words = new Uint32Array(rows.length * FIELD.stride);
      rows.forEach((value, i) => {
        write(words, i * FIELD.stride, value);
      });
      const batch = new Batch(words, RULES);
      assert.equal(batch.length, rows.length);
      assert.deepEqual([...batch], rows.map(expected));
      rows.forEach((value, i) => {
        assert.deepEqual(batch.row(i), expected(value));
        assert.equal(batch.address(i), formatWords(...value.words));
      });
    }),
  );
});

test('no two fields share a word, and all are inside of a row', () => {
  const { address, stride, ...rest } = FIELD;
  const words = [address, address + 1, address + 2, address + 3, ...Object.values(rest)];
  assert.equal(new Set(words).size, words.length);
  for (const word of words) assert.ok(word >= 0 && word < stride);
});

test('directions have the numbers that pf gives them', () => {
  assert.deepEqual(DIRECTION, { in: 1, out: 2 });
});
