// SIGHUP: the configuration is read again; a bad one changes nothing.

import type { Logger } from 'pino';
import type { Settings } from '../options/table.js';
import type { Readiness } from '../system/readiness.js';
import { logOptions, reloadSettings } from './settings-for-daemon.js';

/** What a reload works on. */
export interface ReloadParts {
  /** Reads the settings. @throws {UsageError} */
  readonly reload: () => Promise<Settings>;
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** Goes on with other settings. @throws {UsageError} when it cannot */
  readonly use: (settings: Settings) => void;
}

/** Reads the configuration again and goes on with it; gives the settings that hold from then on. */
export async function reloadConfiguration(before: Settings, parts: ReloadParts): Promise<Settings> {
  const { reload, logger, readiness, use } = parts;
  readiness.reloading();
  try {
    const { settings, waiting } = reloadSettings(before, await reload());
    use(settings);
    logger.level = logOptions(settings).level;
    if (waiting.length > 0) logger.warn(`changed, but only at the next start: ${waiting.join(', ')}`);
    logger.info('configuration read again');
    return settings;
  } catch (error) {
    logger.error(`${(error as Error).message}; going on with the configuration as it was`);
    return before;
  } finally {
    readiness.reloaded();
  }
}
