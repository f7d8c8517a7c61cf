import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogRule } from '../../src/whitelist/batch.js';
import { PartitionedTally } from '../../src/whitelist/partitioned-tally.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../../src/whitelist/sighting-block.js';
import { Tally } from '../../src/whitelist/tally.js';

const WHITEEXP = 3600;
const RULES: readonly LogRule[] = [
  { interface: 'em0', ruleset: '', rulenr: 4, subrulenr: null },
  { interface: 'em1', ruleset: 'a', rulenr: 1, subrulenr: 7 },
];

/** Words of sightings as `Tally.add` takes them. */
function block(
  seen: readonly (readonly [address: number, time: number, rule: number, direction: number])[],
): Int32Array {
  const words = new Int32Array(seen.length * SIGHTING_FIELD.wideStride);
  let end = 0;
  for (const [address, time, rule, direction] of seen) {
    const prefix = address % 3 === 0 ? 0x20010db8 : 0;
    end = putSighting(words, end, [prefix, 0, 0xffff, address], time, packOrigin(rule, direction));
  }
  return words.slice(0, end);
}

const sighting = fc.tuple(
  fc.integer({ min: 1, max: 400 }),
  fc.integer({ min: 1_700_000_000, max: 1_700_020_000 }),
  fc.integer({ min: 0, max: 1 }),
  fc.integer({ min: 1, max: 2 }),
);

test('a tally in parts holds what a tally of one piece does, whatever the blocks', () => {
  fc.assert(
    fc.property(fc.array(fc.array(sighting, { maxLength: 2000 }), { maxLength: 4 }), blocks => {
      const whole = new Tally(WHITEEXP);
      const parts = new PartitionedTally(WHITEEXP);
      for (const words of blocks.map(block)) {
        whole.add(words);
        parts.add(words);
      }
      const byAddress = (rows: Iterable<{ readonly address: string }>) =>
        [...rows].sort((a, b) => (a.address < b.address ? -1 : 1));
      assert.deepEqual(byAddress(parts.take(RULES)), byAddress(whole.take(RULES)));
      assert.equal(parts.take(RULES).length, 0);
    }),
    { numRuns: 40 },
  );
});

test('one address seen more often than a part keeps waiting is in order', () => {
  const parts = new PartitionedTally(WHITEEXP);
  parts.add(block(Array.from({ length: 1000 }, (_, i) => [7, 1_700_000_000 + i, 0, 1 + (i & 1)])));
  const [row] = parts.take(RULES);
  assert.equal(row!.count, 1000);
  assert.equal(row!.runStart, 1_700_000_000);
  assert.equal(row!.lastSeen, 1_700_000_999);
  assert.equal(row!.lastDirection, 'out');
});
