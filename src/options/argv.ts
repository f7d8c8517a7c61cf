// Splits a command line into options and operands, in the spellings of getopt(3) and the long ones.

import parse from 'yargs-parser';
import { unknownName } from './nearest.js';
import { OPTIONS, type Settings } from './table.js';
import { UsageError } from './usage-error.js';

/** What a command line says. */
export interface CommandLine {
  /** Texts given for each option; none for a flag. */
  readonly options: ReadonlyMap<keyof Settings, readonly string[]>;
  readonly operands: readonly string[];
}

const names = Object.keys(OPTIONS) as (keyof Settings)[];
const byLetter = new Map(names.flatMap(name => (OPTIONS[name].letter ? [[OPTIONS[name].letter, name]] : [])));

/**
 * Spells clusters of letters out, as getopt(3) reads them: `-DIi em0` is `--daemon --inbound-only --interface=em0`.
 * @throws {UsageError} for a letter that is no option, or an option without its value
 */
export function expandClusters(argv: readonly string[]): string[] {
  const expanded: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') return [...expanded, ...argv.slice(i)];
    if (!/^-[^-]/.test(word)) {
      expanded.push(word);
      continue;
    }
    for (let j = 1; j < word.length; j++) {
      const name = byLetter.get(word[j]!);
      if (name === undefined) throw new UsageError(`unknown option "-${word[j]}"`);
      if (OPTIONS[name].kind === 'flag') {
        expanded.push(`--${name}`);
        continue;
      }
      const value = word.slice(j + 1) || argv[++i];
      if (value === undefined)
        throw new UsageError(`option "-${word[j]}" needs a value (${OPTIONS[name].argument})`);
      expanded.push(`--${name}=${value}`);
      break;
    }
  }
  return expanded;
}

/**
 * Reads a command line.
 * @throws {UsageError} for an unknown option, or one without its value
 */
export function parseArgv(argv: readonly string[]): CommandLine {
  const flags = names.filter(name => OPTIONS[name].kind === 'flag');
  const others = names.filter(name => OPTIONS[name].kind !== 'flag');
  const expanded = expandClusters(argv);
  const end = expanded.indexOf('--');
  const valueless = expanded.find((word, i) => isValueless(word, expanded[i + 1], others));
  if (valueless !== undefined && (end < 0 || expanded.indexOf(valueless) < end)) {
    const { argument } = OPTIONS[valueless.slice(2) as keyof Settings];
    throw new UsageError(`option "${valueless}" needs a value (${argument})`);
  }
  const { _: operands, ...given } = parse(expanded, {
    boolean: flags,
    string: [...others, '_'],
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    },
  });
  const options = new Map<keyof Settings, readonly string[]>();
  for (const [name, value] of Object.entries(given)) {
    if (!(name in OPTIONS))
      throw new UsageError(
        unknownName(
          'option',
          `--${name}`,
          names.map(known => `--${known}`),
        ),
      );
    const { kind } = OPTIONS[name as keyof Settings];
    if (kind === 'flag' && value === false) continue;
    options.set(name as keyof Settings, kind === 'flag' ? [] : [value].flat().map(String));
  }
  return { options, operands: operands.map(String) };
}

function isValueless(word: string, next: string | undefined, withValue: readonly string[]): boolean {
  if (!word.startsWith('--') || !withValue.includes(word.slice(2))) return false;
  return next === undefined || (next.startsWith('--') && next !== '-');
}
