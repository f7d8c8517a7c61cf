// No command: the daemon, in the background unless -D says otherwise.

import { resolve } from 'node:path';
import { checkPfDevice } from '../daemon/firewall-runner.js';
import { runDaemon } from '../daemon/run-daemon.js';
import { parseArgv } from '../options/argv.js';
import { readSettings } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import { findLauncher, launchDaemon } from '../system/daemonize.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { version } from './version.js';

/** Runs the daemon; gives its exit status, or in the background that of its start-up. */
export async function run({ settings, warn }: Context): Promise<number> {
  const launcher = findLauncher();
  if (!settings.debug && settings.log !== undefined && settings.log !== 'syslog')
    throw new UsageError(`option "--log ${settings.log}" writes to standard error, which needs -D`);
  const inheritedFd = settings['pf-fd'];
  if (inheritedFd !== undefined) checkPfDevice(inheritedFd);
  if (!settings.debug && launcher === undefined) {
    if (settings.device === '-') throw new UsageError('option "-l -" reads standard input, which needs -D');
    return launchDaemon({
      file: process.argv[1]!,
      args: process.argv.slice(2),
      stderr: process.stderr,
      ...(inheritedFd !== undefined && { inheritedFd }),
    });
  }
  const reload = rereadSettings(settings.config);
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

/** Reads the settings anew; the file named is found wherever the process has gone meanwhile. */
function rereadSettings(config: string | undefined): () => Promise<Settings> {
  const { options, operands } = parseArgv(process.argv.slice(2));
  const found = new Map(options);
  if (config !== undefined) found.set('config', [resolve(config)]);
  return () => readSettings({ options: found, operands });
}
