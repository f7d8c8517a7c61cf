import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeReason,
  IGNORE_REASONS,
  isMalformed,
  MALFORMED_REASONS,
  REASON_NUMBER,
  REASONS,
  type Reason,
} from '../../src/policy/reason.js';
import { SIGHTING } from '../../src/policy/screen.js';

const all = [...Object.keys(IGNORE_REASONS), ...Object.keys(MALFORMED_REASONS)] as Reason[];

test('every reason has one number, and number 0 is no reason', () => {
  assert.equal(SIGHTING, 0);
  assert.equal(REASONS[SIGHTING], undefined);
  assert.deepEqual(REASONS.slice(1), all);
  for (const reason of all) assert.equal(REASONS[REASON_NUMBER[reason]], reason);
});

test('every reason has a phrase of its own', () => {
  const phrases = all.map(describeReason);
  assert.equal(new Set(phrases).size, all.length);
  for (const phrase of phrases) assert.match(phrase, /^\S.*[^.]$/);
});

test('malformed are those that cannot be decoded, not those that do not count', () => {
  assert.deepEqual(all.filter(isMalformed), Object.keys(MALFORMED_REASONS));
  assert.equal(isMalformed('cut-short'), false);
  assert.equal(isMalformed('header-cut'), true);
});
