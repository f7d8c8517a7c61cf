// Splits a command line into options and operands, in the spellings of getopt(3) and the long ones.

import { nearestName, unknownName } from './nearest.js';
import { OPTIONS, type Settings } from './table.js';
import { UsageError } from './usage-error.js';

/** What a command line says. */
export interface CommandLine {
  /** Texts given for each option; `true` or `false` for a flag. */
  readonly options: ReadonlyMap<keyof Settings, readonly string[]>;
  readonly operands: readonly string[];
}

/** An option as it stands on the command line. */
interface Given {
  readonly name: keyof Settings;
  /** As it was written, for messages. */
  readonly spelling: string;
  /** What stands in the same word; undefined when nothing does. */
  readonly value: string | undefined;
}

const names = Object.keys(OPTIONS) as (keyof Settings)[];
const longNames = names.map(name => `--${name}`);
const byLetter = new Map(names.map(name => [OPTIONS[name].letter, name]));

/**
 * Reads a command line. Options and operands may come in any order; `--` ends the options.
 * @throws {UsageError} for an unknown option, one without its value, or a flag with one
 */
export function parseArgv(argv: readonly string[]): CommandLine {
  const options = new Map<keyof Settings, string[]>();
  const operands: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') {
      operands.push(...argv.slice(i + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      operands.push(word);
      continue;
    }
    for (const { name, spelling, value } of word.startsWith('--') ? [longOption(word)] : cluster(word)) {
      const text = value ?? nextValue(spelling, name, argv[++i]);
      options.set(name, [...(options.get(name) ?? []), text]);
    }
  }
  return { options, operands };
}

/** `--name` or `--name=value`. */
function longOption(word: string): Given {
  const equals = word.indexOf('=');
  const spelling = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  const name = names[longNames.indexOf(spelling)];
  if (name === undefined) throw new UsageError(unknownName('option', spelling, longNames));
  if (OPTIONS[name].kind !== 'flag') return { name, spelling, value };
  if (value === undefined || value === 'true' || value === 'false') {
    return { name, spelling, value: value ?? 'true' };
  }
  throw new UsageError(`option "${spelling}" takes no value, or true or false, not "${value}"`);
}

/** Letters behind one another as getopt(3) reads them: `-nIi em0` is `-n -I -i em0`, and so is `-nIiem0`. */
function* cluster(word: string): Generator<Given> {
  for (let i = 1; i < word.length; i++) {
    const spelling = `-${word[i]}`;
    const name = byLetter.get(word[i]);
    if (name === undefined) throw new UsageError(unknownLetter(spelling, word));
    const isFlag = OPTIONS[name].kind === 'flag';
    yield { name, spelling, value: isFlag ? 'true' : word.slice(i + 1) || undefined };
    if (!isFlag) return;
  }
}

function unknownLetter(spelling: string, word: string): string {
  if (word === spelling) return `unknown option "${spelling}"`;
  // Few letters are near to anything.
  const long = word.length < 5 ? undefined : nearestName(`-${word}`, longNames);
  return `unknown option "${spelling}" in "${word}"${long === undefined ? '' : `; did you mean "${long}"?`}`;
}

/** The word behind an option. What looks like a long option is taken for one: the value was forgotten. */
function nextValue(spelling: string, name: keyof Settings, next: string | undefined): string {
  if (next !== undefined && !next.startsWith('--')) return next;
  throw new UsageError(`option "${spelling}" needs a value (${OPTIONS[name].argument})`);
}
