// The configuration file: TOML, a key for every option that is not about a single run.

import { readFileSync } from 'node:fs';
import { unknownName } from './nearest.js';
import { DEFAULT_CONFIG, OPTIONS, type Settings } from './table.js';
import { UsageError } from './usage-error.js';

/**
 * The texts that a configuration file gives for options.
 * @param path undefined for the default one, which need not exist
 * @throws {UsageError} when it cannot be read, is not TOML, or has an unknown key or a value of the wrong kind
 */
export async function readConfig(
  path: string | undefined,
): Promise<ReadonlyMap<keyof Settings, readonly string[]>> {
  const content = readText(path);
  if (content === undefined) return new Map();
  const name = path ?? DEFAULT_CONFIG;
  const { parse, TomlError } = await import('smol-toml');
  let table: Record<string, unknown>;
  try {
    table = parse(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]!.replace('Invalid TOML document: ', '');
    throw new UsageError(`configuration "${name}" line ${error.line}: ${reason}`, true);
  }
  const options = new Map<keyof Settings, readonly string[]>();
  for (const [key, value] of Object.entries(table)) {
    const texts = configTexts(name, key, value);
    if (texts !== undefined) options.set(key as keyof Settings, texts);
  }
  return options;
}

function readText(path: string | undefined): string | undefined {
  try {
    return readFileSync(path ?? DEFAULT_CONFIG, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (path === undefined && code === 'ENOENT') return undefined;
    const reason =
      { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a directory' }[code!] ?? message;
    throw new UsageError(`cannot read configuration "${path ?? DEFAULT_CONFIG}": ${reason}`, true);
  }
}

/** The texts of a key; undefined for a flag that is set to false. */
function configTexts(file: string, key: string, value: unknown): readonly string[] | undefined {
  const known = Object.entries(OPTIONS).flatMap(([name, option]) => (option.isConfigurable ? [name] : []));
  if (!known.includes(key))
    throw new UsageError(`configuration "${file}": ${unknownName('key', key, known)}`, true);
  const { kind } = OPTIONS[key as keyof Settings];
  const wrong = (expected: string): UsageError =>
    new UsageError(`configuration "${file}": key "${key}" must be ${expected}`, true);
  if (kind === 'flag') {
    if (typeof value !== 'boolean') throw wrong('true or false');
    return value ? [] : undefined;
  }
  const values = kind === 'list' && Array.isArray(value) ? value : [value];
  return values.map(one => {
    if (typeof one !== 'string' && typeof one !== 'number' && typeof one !== 'bigint') {
      throw wrong(kind === 'list' ? 'a text, a number, or a list of them' : 'a text or a number');
    }
    return String(one);
  });
}
