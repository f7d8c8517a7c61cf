import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatWords } from '../../src/address/address.js';
import { judge } from '../../src/policy/judge.js';
import type { Policy } from '../../src/policy/policy.js';
import { REASONS } from '../../src/policy/reason.js';
import { Screen, SIGHTING } from '../../src/policy/screen.js';
import { DIRECTION } from '../../src/whitelist/batch.js';
import { decodeRecord } from '../../src/wire/record.js';
import { anyRecord, cursorOn, KNOWN_RECORDS, type RawRecord } from '../wire/arbitrary-record.js';
import { anyPolicy } from './arbitrary-policy.js';

/** What both say of a record, in the same form. */
function compare(screen: Screen, policy: Policy, record: RawRecord, around: Uint8Array): void {
  const { linkType, bytes, originalLength, isLittleEndian } = record;
  const verdict = judge(decodeRecord(linkType, bytes, originalLength, isLittleEndian), policy);
  const number = screen.check(cursorOn(record, around));
  if ('ignored' in verdict) {
    assert.equal(REASONS[number], verdict.ignored);
    return;
  }
  assert.equal(number, SIGHTING);
  const { address, direction, rule } = verdict.sighting;
  assert.equal(formatWords(screen.w0, screen.w1, screen.w2, screen.w3), address);
  assert.equal(screen.direction, DIRECTION[direction]);
  assert.deepEqual(screen.rules.rules[screen.rule], rule);
}

const around = fc.uint8Array({ minLength: 1, maxLength: 40 });

test('the screen says what the judge says, of any records under any policy', () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.array(anyRecord, { minLength: 1, maxLength: 12 }),
      around,
      (policy, records, bytes) => {
        // One screen for all, so that nothing of a record can stay behind for the next.
        const screen = new Screen(policy);
        for (const record of records) compare(screen, policy, record, bytes);
      },
    ),
    { numRuns: 3000 },
  );
});

test('the screen says what the judge says of every record known, under any policy', () => {
  fc.assert(
    fc.property(anyPolicy, policy => {
      const screen = new Screen(policy);
      for (const record of KNOWN_RECORDS) compare(screen, policy, record, new Uint8Array(3));
    }),
    { numRuns: 100 },
  );
});

test('the records that these properties are tried on meet every reason', () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(anyPolicy, anyRecord, (policy, record) => {
      met.add(REASONS[new Screen(policy).check(cursorOn(record))] ?? 'sighting');
    }),
    { numRuns: 20_000, seed: 1 },
  );
  const expected = ['sighting', ...REASONS.flatMap(reason => reason ?? [])];
  assert.deepEqual([...met].sort(), expected.sort());
});

test('what is around a record changes nothing', () => {
  fc.assert(
    fc.property(anyPolicy, anyRecord, around, around, (policy, record, one, other) => {
      const check = (bytes: Uint8Array): unknown => {
        const screen = new Screen(policy);
        const number = screen.check(cursorOn(record, bytes));
        const { w0, w1, w2, w3, direction, rule, rules } = screen;
        return { number, words: [w0, w1, w2, w3], direction, rule: rules.rules[rule] };
      };
      assert.deepEqual(check(one), check(other));
    }),
    { numRuns: 3000 },
  );
});
