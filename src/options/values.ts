// Reads the values of options out of their text. Each gives the value, or a phrase saying what it should have been.

import { type Prefix, parsePrefix } from '../address/prefix.js';

/** A value, or why the text is none. */
export type Parsed<T> = { readonly value: T } | { readonly expected: string };

/** Any text but the empty one. */
export function parseText(text: string): Parsed<string> {
  return text === '' ? { expected: 'a text' } : { value: text };
}

/** A whole number between two limits, both included. */
export function parseWhole(text: string, minimum: number, maximum: number, what: string): Parsed<number> {
  const value = Number(text);
  const isWhole = /^\d+$/.test(text) && value >= minimum && value <= maximum;
  return isWhole ? { value } : { expected: `${what} from ${minimum} to ${maximum}` };
}

/** Ports, separated by commas. */
export function parsePorts(text: string): Parsed<number[]> {
  const ports = text.split(',').map(part => parseWhole(part, 1, 65_535, 'ports'));
  const wrong = ports.find(port => 'expected' in port);
  return wrong ?? { value: ports.map(port => (port as { value: number }).value) };
}

/** An address or a network. */
export function parseNetwork(text: string): Parsed<Prefix> {
  const value = parsePrefix(text);
  return value ? { value } : { expected: 'an address or a network without host bits, like 192.0.2.0/24' };
}

/** One of a list of words. */
export function parseChoice<T extends string>(text: string, choices: readonly T[]): Parsed<T> {
  const value = choices.find(choice => choice === text);
  return value ? { value } : { expected: `one of ${choices.join(', ')}` };
}

/** Several of a list of words, separated by commas, in either case. */
export function parseChoices<T extends string>(text: string, choices: readonly T[]): Parsed<T[]> {
  const values = text.split(',').map(part => choices.find(choice => choice === part.toUpperCase()));
  return values.includes(undefined)
    ? { expected: `some of ${choices.join(', ')}` }
    : { value: values as T[] };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** A length of time in seconds: a number and s, m, h, d or w, and several of them in a row. */
export function parseDuration(text: string): Parsed<number> {
  const expected = 'a length of time like 90s, 30m, 3h, 2d or 1w';
  if (!/^(?:\d+(?:s|min|m|h|d|w))+$/.test(text)) return { expected };
  let value = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([a-z]+)/g))
    value += Number(digits) * UNIT_SECONDS[unit!]!;
  return Number.isSafeInteger(value) ? { value } : { expected };
}

/** A point in time, in seconds since the epoch: a date, a date and time, or seconds since the epoch as `@1700000000`. */
export function parseTime(text: string): Parsed<number> {
  const epoch = /^@(\d{1,11})$/.exec(text);
  if (epoch) return { value: Number(epoch[1]) };
  const isDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text);
  const milliseconds = isDate
    ? Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'))
    : Number.NaN;
  return Number.isNaN(milliseconds) || !isDayOfMonth(text)
    ? { expected: 'a time like 2026-01-31, 2026-01-31T12:00 or @1700000000' }
    : { value: Math.floor(milliseconds / 1000) };
}

/** Whether the month of a date `2026-01-31…` has that day: Date.parse() takes the 30th of February for the 2nd of March. */
function isDayOfMonth(date: string): boolean {
  const [year, month, day] = date.slice(0, 10).split('-').map(Number);
  return day! <= new Date(Date.UTC(year!, month!, 0)).getUTCDate();
}
