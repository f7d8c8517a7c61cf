// Numbers and times as people read them.

/** `1234567` as `1,234,567`. */
export function formatNumber(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number of things: `1 packet`, `2,000 packets`. */
export function plural(count: number, thing: string): string {
  return `${formatNumber(count)} ${thing}${count === 1 ? '' : 's'}`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A number of bytes as `780 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < SIZES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${SIZES[unit]}`;
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** A length of time in its two largest units, `1 d 3 h`. */
export function formatDuration(seconds: number): string {
  const rest = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([size]) => rest >= size);
  if (first < 0) return '0 s';
  const [size, name] = UNITS[first]!;
  const whole = `${Math.floor(rest / size)} ${name}`;
  const next = UNITS[first + 1];
  const remainder = next === undefined ? 0 : Math.floor((rest % size) / next[0]);
  return remainder === 0 ? whole : `${whole} ${remainder} ${next![1]}`;
}

/** How far a time is from now: `3 h ago` or `in 35 d`; times in seconds since the epoch. */
export function formatRelative(time: number, now: number): string {
  const [largest] = formatDuration(Math.abs(now - time)).match(/^\d+ \w+/)!;
  if (time === now) return 'now';
  return time < now ? `${largest} ago` : `in ${largest}`;
}

/** Seconds since the epoch as local time, `2026-01-31 12:00:00`. */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Seconds since the epoch as ISO 8601 in UTC, for programs; null for what is no time at all. */
export function isoTime(seconds: number): string | null {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace('.000Z', 'Z');
}

const BARS = '▁▂▃▄▅▆▇█';

/** Counts as a row of bars, the highest one full; zero is a blank. */
export function sparkline(counts: readonly number[]): string {
  const highest = Math.max(...counts);
  return counts
    .map(count => (count === 0 ? ' ' : BARS[Math.min(7, Math.floor((count / highest) * 8))]!))
    .join('');
}

/**
 * Text from a log, a database or a command line, made fit for a terminal: control characters become `?`, and bytes
 * that are no UTF-8, which `decodeText` makes surrogates of, are written as `\xff`.
 */
export function printable(text: string): string {
  const bytes = text.replace(/[\udc80-\udcff]/gu, stray => `\\x${(stray.charCodeAt(0) & 0xff).toString(16)}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return bytes.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
