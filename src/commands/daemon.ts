// No command: the daemon, in the background unless -D says otherwise.

import { runDaemon } from '../daemon/run-daemon.js';
import { parseArgv } from '../options/argv.js';
import { readSettings } from '../options/settings.js';
import { UsageError } from '../options/usage-error.js';
import { findLauncher, launchDaemon } from '../system/daemonize.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { version } from './version.js';

/** Runs the daemon; gives its exit status, or in the background that of its start-up. */
export async function run({ settings, warn }: Context): Promise<number> {
  const launcher = findLauncher();
  if (!settings.debug && launcher === undefined) {
    if (settings.device === '-') throw new UsageError('option "-l -" reads standard input, which needs -D');
    return launchDaemon({ file: process.argv[1]!, args: process.argv.slice(2), stderr: process.stderr });
  }
  const reload = (): ReturnType<typeof readSettings> => readSettings(parseArgv(process.argv.slice(2)));
  try {
    return await runDaemon({
      settings,
      version: version(),
      reload,
      onReady: () => launcher?.release(),
      warn,
    });
  } catch (error) {
    if ((error as Error).name === 'UsageError' || (error as Error).name === 'StoreError') throw error;
    warn((error as Error).message);
    return EXIT.unavailable;
  }
}
