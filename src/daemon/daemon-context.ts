// What the daemon's roles are started with.

import type { Settings } from '../options/table.js';

/** Given by the command line. */
export interface DaemonContext {
  readonly settings: Settings;
  readonly version: string;
  /** Reads the configuration again. @throws {UsageError} */
  readonly reload: () => Promise<Settings>;
  /** Start-up has succeeded: whoever waits for it may go on. */
  readonly onReady: () => void;
  /** Writes a line to standard error, for what goes wrong before there is a log. */
  readonly warn: (message: string) => void;
}

/** How the process is told to do something. */
export interface SignalActions {
  readonly stop: (signal: string) => void;
  readonly reload: () => void | Promise<void>;
  readonly status: () => void;
}

/** Listens for signals: SIGTERM, SIGINT and SIGQUIT end, SIGHUP reads the configuration, SIGUSR1 and SIGINFO log. */
export function onSignals({ stop, reload, status }: SignalActions): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => stop(signal));
  process.on('SIGHUP', () => void reload());
  process.on('SIGUSR1', status);
  // The BSDs have it; elsewhere Node refuses the name.
  if (process.platform !== 'linux') process.on('SIGINFO' as NodeJS.Signals, status);
}
