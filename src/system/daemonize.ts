// Into the background, but only once start-up has succeeded: Node cannot fork, so a launcher starts the daemon anew and
// waits for its word.

import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';

/** The descriptor on which the daemon gives its word, in the environment of a process that {@link launchDaemon} started. */
const DAEMON_VARIABLE = 'SPAMLOGD_LAUNCHED';

/** The first descriptor that the daemon may give its word on. */
const FIRST_FD = 3;

/** What a terminal or an administrator ends the launcher with. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

/** How the daemon is started again. */
export interface DaemonCommand {
  /** Program, `process.argv[1]`. */
  readonly file: string;
  readonly args: readonly string[];
  /** Where what the daemon says before its start-up is over goes. */
  readonly stderr: NodeJS.WritableStream;
  /** A descriptor that it has as well, by the same number. */
  readonly inheritedFd?: number;
}

/**
 * Starts the program again, in a session of its own, with the same arguments, and waits until it says that its start-up
 * succeeded, or ends. A signal that would end the launcher has the daemon end, too.
 *
 * @returns the exit status for the launcher: 0 when the daemon runs, 128 and its number after a signal, else the
 * daemon's own.
 */
export async function launchDaemon(command: DaemonCommand): Promise<number> {
  const { inheritedFd } = command;
  const wordFd = inheritedFd === FIRST_FD ? FIRST_FD + 1 : FIRST_FD;
  const stdio = new Array<'ignore' | 'pipe' | number>(Math.max(wordFd, inheritedFd ?? 0) + 1).fill('ignore');
  stdio[2] = stdio[wordFd] = 'pipe';
  if (inheritedFd !== undefined) stdio[inheritedFd] = inheritedFd;
  let told: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    told = signal;
    // Should it not end, a second signal ends the launcher.
    child.kill('SIGTERM');
  };
  for (const signal of ENDING) process.once(signal, onSignal);
  const child = spawn(process.execPath, [...process.execArgv, command.file, ...command.args], {
    detached: true,
    stdio,
    env: { ...process.env, [DAEMON_VARIABLE]: `${wordFd}` },
  });
  child.stderr!.pipe(command.stderr, { end: false });
  const word = child.stdio[wordFd as 3]!;
  const status = await new Promise<number>((resolve, reject) => {
    word.once('data', () => {
      if (told === undefined) resolve(0);
    });
    child.once('error', reject);
    // After 'close' all that it said has been passed on.
    child.once('close', (code, signal) =>
      resolve(told === undefined && code !== null ? code : 128 + constants.signals[told ?? signal!]),
    );
  });
  for (const signal of ENDING) process.off(signal, onSignal);
  word.destroy();
  child.stderr!.destroy();
  child.unref();
  return status;
}

/** The daemon's side of {@link launchDaemon}. */
export interface Launcher {
  /**
   * Lets the launcher end with status 0, and lets go of its terminal and folder: the standard descriptors become
   * /dev/null, the working folder `/`. Relative paths must have been resolved by then.
   */
  release(): void;
}

/** The launcher that waits for this process, or undefined when it was not started by one. */
export function findLauncher(environment: NodeJS.ProcessEnv = process.env): Launcher | undefined {
  if (environment[DAEMON_VARIABLE] === undefined) return undefined;
  const wordFd = Number(environment[DAEMON_VARIABLE]);
  delete environment[DAEMON_VARIABLE];
  return {
    release: () => {
      process.chdir('/');
      replaceStandardError();
      try {
        writeSync(wordFd, '\0');
      } catch (error) {
        // It was killed; nobody waits any more.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
      }
      closeSync(wordFd);
    },
  };
}

/** Standard error leads to the launcher, which is about to end; the other two are /dev/null already. */
function replaceStandardError(): void {
  closeSync(2);
  // open(2) gives the lowest free number.
  const fd = openSync('/dev/null', 'r+');
  if (fd !== 2) throw new Error(`Cannot detach from the terminal: /dev/null was opened as ${fd}, not 2`);
}
