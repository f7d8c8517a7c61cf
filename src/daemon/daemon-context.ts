// What the daemon's roles are started with.

import type { Settings } from '../options/table.js';
import type { DaemonSignals } from './daemon-signals.js';

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
  /** How long the engine has to commit what was seen, beyond the time that it waits for a locked database; 30 s if absent. */
  readonly stopMs?: number;
}

/** The same, prepared for a role. */
export interface RoleContext extends DaemonContext {
  readonly signals: DaemonSignals;
}
