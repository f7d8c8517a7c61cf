// From a command line and the configuration file to the settings that hold.

import type { CommandLine } from './argv.js';
import { readConfig } from './config.js';
import { type DatabaseName, parseDatabase } from './database.js';
import type { Option } from './option.js';
import { DEFAULT_CONFIG, DEFAULT_DATABASE, OPTIONS, type Settings } from './table.js';
import { UsageError } from './usage-error.js';

/**
 * The settings: what the command line says, else the configuration file, else the default.
 * @param defaultConfig the configuration file that is read, if it exists, when none is named
 * @throws {UsageError}
 */
export async function readSettings(
  commandLine: CommandLine,
  defaultConfig: string = DEFAULT_CONFIG,
): Promise<Settings> {
  const given = parseOptions(commandLine.options, name => `option "--${name}"`, false);
  const path = given.config;
  const fromFile = parseOptions(
    await readConfig(path, defaultConfig),
    name => `configuration "${path ?? defaultConfig}": key "${name}"`,
    true,
  );
  const defaults = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, option]) => [name, option.default]),
  );
  return { ...(defaults as unknown as Settings), ...fromFile, ...given };
}

function parseOptions(
  options: ReadonlyMap<keyof Settings, readonly string[]>,
  describe: (name: string) => string,
  isConfig: boolean,
): Partial<Settings> {
  const settings: Record<string, unknown> = {};
  for (const [name, texts] of options) {
    const option = OPTIONS[name] as Option<unknown>;
    const parsed = option.parse(texts);
    if ('expected' in parsed) {
      const given = option.kind === 'list' ? texts.join(',') : texts.at(-1);
      throw new UsageError(`${describe(name)} must be ${parsed.expected}, not "${given}"`, isConfig);
    }
    settings[name] = parsed.value;
  }
  return settings as Partial<Settings>;
}

/**
 * The database: as given, else of the environment, else the default.
 * @throws {UsageError} when the environment names none
 */
export function databaseOf(
  settings: Pick<Settings, 'database'>,
  environment: NodeJS.ProcessEnv = process.env,
): DatabaseName {
  if (settings.database !== undefined) return settings.database;
  const text = environment['SPAMLOGD_DATABASE'] || DEFAULT_DATABASE;
  const parsed = parseDatabase(text);
  if ('value' in parsed) return parsed.value;
  throw new UsageError(`environment variable SPAMLOGD_DATABASE must be ${parsed.expected}, not "${text}"`);
}
