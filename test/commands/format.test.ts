import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatRelative,
  formatTime,
  isoTime,
  plural,
  printable,
  sparkline,
} from '../../src/commands/format.js';

test('numbers are grouped by thousands', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567, 999.6].map(formatNumber), [
    '0',
    '999',
    '1,000',
    '1,234,567',
    '1,000',
  ]);
  assert.deepEqual(
    [0, 1, 2000].map(count => plural(count, 'packet')),
    ['0 packets', '1 packet', '2,000 packets'],
  );
});

test('bytes have a unit and two or three digits', () => {
  assert.deepEqual([0, 999, 1000, 9999, 10_000, 780_000_024, 5e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '10.0 kB',
    '10 kB',
    '780 MB',
    '5000 TB',
  ]);
});

test('lengths of time have their two largest units', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [0.9, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [61, '1 min 1 s'],
    [3600, '1 h'],
    [3659, '1 h'],
    [3660, '1 h 1 min'],
    [86_400, '1 d'],
    [36 * 86_400 + 7200, '36 d 2 h'],
    [-5, '0 s'],
  ];
  for (const [seconds, text] of cases) assert.equal(formatDuration(seconds), text);
});

test('times are told by their distance from now', () => {
  const cases: [number, string][] = [
    [1000, 'now'],
    [999, '1 s ago'],
    [1001, 'in 1 s'],
    [1000 - 3 * 3600 - 1800, '3 h ago'],
    [1000 + 36 * 86_400, 'in 36 d'],
  ];
  for (const [time, text] of cases) assert.equal(formatRelative(time, 1000), text);
});

test('times are local for people and UTC for programs', () => {
  const date = new Date(2026, 0, 31, 9, 5, 7);
  assert.equal(formatTime(date.getTime() / 1000), '2026-01-31 09:05:07');
  assert.equal(isoTime(1_700_000_000), '2023-11-14T22:13:20Z');
});

test('what is no time at all is shown as the number it is, and null for programs', () => {
  assert.equal(formatTime(1e20), '100000000000000000000');
  assert.equal(isoTime(1e20), null);
});

test('a sparkline reaches from a blank for nothing to the full bar', () => {
  assert.equal(sparkline([0, 1, 4, 8]), ' ▂▅█');
  assert.equal(sparkline([0, 0]), '  ');
});

test('control characters become question marks', () => {
  assert.equal(printable('a\x00\x1b[31m\x7f\x9bé <b@c>'), 'a??[31m??é <b@c>');
});
