// Which roles the daemon plays: with root's privileges a monitor and its children, else all in one process.

import { claimPidFile } from '../system/pid-file.js';
import { isRoot } from '../system/privileges.js';
import type { DaemonContext } from './daemon-context.js';
import { DaemonSignals } from './daemon-signals.js';
import { makeOwnFolders } from './own-folders.js';
import { settingsForDaemon } from './settings-for-daemon.js';

/** Runs the daemon until it is told to stop; gives the exit status. @throws Error in one line when start-up fails */
export async function runDaemon(context: DaemonContext): Promise<number> {
  const signals = new DaemonSignals();
  // In the background the process soon leaves it.
  const folder = process.cwd();
  const settings = settingsForDaemon(context.settings, folder);
  const reload = async () => settingsForDaemon(await context.reload(), folder);
  if (isRoot()) makeOwnFolders(settings);
  const pidFile = settings['pid-file'] === undefined ? undefined : claimPidFile(settings['pid-file']);
  try {
    const prepared = { ...context, settings, reload, signals };
    if (isRoot()) {
      const { runMonitor } = await import('./monitor.js');
      return await runMonitor(prepared);
    }
    const { runAlone } = await import('./alone.js');
    return await runAlone(prepared);
  } finally {
    pidFile?.release();
  }
}
