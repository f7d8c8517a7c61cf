// What an entry of the table of options says.

import type { Parsed } from './values.js';

/** What the configuration file calls the value of an option that is no flag. */
export type ConfigType = 'string' | 'integer';

/** An option with a value; `T` is what a settings object holds under its name. */
export interface Option<T> {
  /** Letter of the short form, those of spamlogd(8) where it has one. */
  readonly letter?: string;
  /** `flag` has no value; `list` may be given several times; `text` once, the last one counts. */
  readonly kind: 'flag' | 'text' | 'list';
  /** What the value is called in help texts. */
  readonly argument?: string;
  /** One line, without a full stop. */
  readonly help: string;
  /** What holds when it is not given. */
  readonly default: T;
  /** Whether it may stand in the configuration file. */
  readonly isConfigurable: boolean;
  /** TOML's types of its value there, or of each value of a list; a string unless said otherwise. */
  readonly configTypes?: readonly ConfigType[];
  /** Reads the texts given, at least one: for `text` and `flag` the last one counts. */
  readonly parse: (texts: readonly string[]) => Parsed<T>;
}

/** A flag, false unless given; its texts are `true` and `false`. */
export function flag(help: string, more: Partial<Option<boolean>> = {}): Option<boolean> {
  return {
    kind: 'flag',
    help,
    default: false,
    isConfigurable: true,
    parse: texts => ({ value: texts.at(-1) === 'true' }),
    ...more,
  };
}

/** An option with one value; the last one given counts. */
export function text<T, D>(
  argument: string,
  help: string,
  fallback: D,
  parse: (text: string) => Parsed<T>,
  more: Partial<Option<T | D>> = {},
): Option<T | D> {
  const parseLast = (texts: readonly string[]): Parsed<T> => parse(texts.at(-1)!);
  return { kind: 'text', argument, help, default: fallback, isConfigurable: true, parse: parseLast, ...more };
}

/** An option whose value is a list separated by commas; given several times, the lists are put together. */
export function commaList<T>(
  argument: string,
  help: string,
  fallback: readonly T[],
  parse: (text: string) => Parsed<readonly T[]>,
  more: Partial<Option<readonly T[]>> = {},
): Option<readonly T[]> {
  const parseJoined = (texts: readonly string[]): Parsed<readonly T[]> => parse(texts.join(','));
  return {
    kind: 'list',
    argument,
    help,
    default: fallback,
    isConfigurable: true,
    parse: parseJoined,
    ...more,
  };
}

/** An option that may be given several times. */
export function list<T>(
  argument: string,
  help: string,
  parse: (text: string) => Parsed<T>,
  more: Partial<Option<readonly T[]>> = {},
): Option<readonly T[]> {
  const parseAll = (texts: readonly string[]): Parsed<readonly T[]> => {
    const values: T[] = [];
    for (const one of texts) {
      const parsed = parse(one);
      if ('expected' in parsed) return parsed;
      values.push(parsed.value);
    }
    return { value: values };
  };
  return { kind: 'list', argument, help, default: [], isConfigurable: true, parse: parseAll, ...more };
}
