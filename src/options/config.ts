// The configuration file: TOML, a key for every option.

import { existsSync } from 'node:fs';
import { configTexts } from './config-value.js';
import { unknownName } from './nearest.js';
import type { Option } from './option.js';
import { DEFAULT_CONFIG, OPTIONS, type Settings } from './table.js';
import { readUtf8File } from './text-file.js';
import { UsageError } from './usage-error.js';

/**
 * The texts that a configuration file gives for options.
 * @param path undefined for the default one, which need not exist
 * @param defaultPath the default one
 * @throws {UsageError} when it cannot be read, is not UTF-8 or TOML, or has an unknown key or a value of the wrong kind
 */
export async function readConfig(
  path: string | undefined,
  defaultPath: string = DEFAULT_CONFIG,
): Promise<ReadonlyMap<keyof Settings, readonly string[]>> {
  const name = path ?? defaultPath;
  if (path === undefined && !existsSync(defaultPath)) return new Map();
  const content = readUtf8File(name, 'configuration', true);
  const { parse, TomlError } = await import('smol-toml');
  let table: Record<string, unknown>;
  try {
    // Else 36.0 could not be told from 36.
    table = parse(content, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]!.replace('Invalid TOML document: ', '');
    throw new UsageError(`configuration "${name}" line ${error.line}: ${reason}`, true);
  }
  const options = new Map<keyof Settings, readonly string[]>();
  for (const [key, value] of Object.entries(table)) {
    options.set(key as keyof Settings, readKey(name, key, value));
  }
  return options;
}

function readKey(file: string, key: string, value: unknown): readonly string[] {
  const known = Object.entries(OPTIONS).flatMap(([name, option]) => (option.isConfigurable ? [name] : []));
  if (!known.includes(key)) {
    const problem = Object.hasOwn(OPTIONS, key)
      ? `"${key}" can be given on the command line only`
      : unknownName('key', key, known, true);
    throw new UsageError(`configuration "${file}": ${problem}`, true);
  }
  const read = configTexts(OPTIONS[key as keyof Settings] as Option<unknown>, value);
  if ('texts' in read) return read.texts;
  throw new UsageError(`configuration "${file}": key "${key}" must be ${read.problem}`, true);
}
