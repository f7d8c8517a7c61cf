import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix } from '../../src/address/prefix.js';
import {
  type Parsed,
  parseChoice,
  parseChoices,
  parseDuration,
  parseNetwork,
  parsePorts,
  parseText,
  parseTime,
  parseWhole,
} from '../../src/options/values.js';

function accepts<T>(parse: (text: string) => Parsed<T>, cases: Record<string, T>): void {
  for (const [text, value] of Object.entries(cases)) assert.deepEqual(parse(text), { value }, text);
}

function refuses(parse: (text: string) => Parsed<unknown>, expected: string, texts: readonly string[]): void {
  for (const text of texts) assert.deepEqual(parse(text), { expected }, JSON.stringify(text));
}

test('a text is anything but nothing', () => {
  accepts(parseText, { x: 'x', ' ': ' ' });
  refuses(parseText, 'a text', ['']);
});

test('a whole number lies between its limits, both included', () => {
  const parse = (text: string): Parsed<number> => parseWhole(text, 1, 2160, 'hours');
  accepts(parse, { 1: 1, 36: 36, '036': 36, 2160: 2160 });
  refuses(parse, 'hours from 1 to 2160', ['0', '2161', '-1', '1.5', '1e3', '0x10', ' 1', '', 'x', '1h']);
});

test('ports are separated by commas', () => {
  accepts(parsePorts, { 25: [25], '25,587,465': [25, 587, 465], 65535: [65_535] });
  refuses(parsePorts, 'ports from 1 to 65535', ['', '0', '65536', '25,', ',25', '25, 587', 'smtp', '25-27']);
});

test('a network has no host bits', () => {
  for (const text of ['192.0.2.0/24', '192.0.2.1', '2001:db8::/32']) {
    const parsed = parseNetwork(text);
    assert.equal('value' in parsed && formatPrefix(parsed.value), text);
  }
  const expected = 'an address or a network without host bits, like 192.0.2.0/24';
  refuses(parseNetwork, expected, ['192.0.2.1/24', 'mail.example.com', '', '192.0.2', '2001:db8::1/64']);
});

test('a choice is one word of a list, choices are several in either case', () => {
  const words = ['WHITE', 'GREY'] as const;
  assert.deepEqual(parseChoice('GREY', words), { value: 'GREY' });
  refuses(text => parseChoice(text, words), 'one of WHITE, GREY', ['grey', '', 'x']);
  assert.deepEqual(parseChoices('grey,WHITE', words), { value: ['GREY', 'WHITE'] });
  refuses(text => parseChoices(text, words), 'some of WHITE, GREY', ['grey,', '', 'x', 'grey white']);
});

test('a length of time is a number and a unit, several in a row added', () => {
  accepts(parseDuration, {
    '90s': 90,
    '30m': 1800,
    '30min': 1800,
    '3h': 10_800,
    '2d': 172_800,
    '1w': 604_800,
    '1d12h': 129_600,
    '0s': 0,
  });
  const expected = 'a length of time like 90s, 30m, 3h, 2d or 1w';
  refuses(parseDuration, expected, ['', '90', 'h', '-1h', '1.5h', '3 h', '3H', '1y', '9007199254740991w']);
});

test('a time is a date, a date and time, or seconds since the epoch', () => {
  accepts(parseTime, {
    '@0': 0,
    '@1700000000': 1_700_000_000,
    '2023-11-14T22:13:20Z': 1_700_000_000,
    '2023-11-14T22:13:20.999Z': 1_700_000_000,
    '2023-11-14T23:13+01:00': 1_699_999_980,
    '2024-02-29T00:00Z': 1_709_164_800,
  });
});

test('a time without a zone is local', () => {
  const midnight = Math.floor(new Date(2026, 0, 31).getTime() / 1000);
  accepts(parseTime, {
    '2026-01-31': midnight,
    '2026-01-31T00:00': midnight,
    '2026-01-31 00:00': midnight,
    '2026-01-31 00:00:09': midnight + 9,
  });
});

test('what is no time is refused, days that a month has not included', () => {
  const expected = 'a time like 2026-01-31, 2026-01-31T12:00 or @1700000000';
  const noTimes = ['', '1700000000', '@', '@x', '@123456789012', 'now', '31.01.2026', '2026-1-31', '2026-01'];
  const noDays = ['2026-02-30', '2025-02-29', '2026-04-31T00:00', '2026-02-30 00:00Z', '2026-13-01'];
  const noHours = ['2026-01-31T', '2026-01-31T25:00', '2026-01-31T12:60', '2026-01-31T12'];
  refuses(parseTime, expected, [...noTimes, ...noDays, '2026-00-10', '2026-01-00', ...noHours]);
});
