// The pid file: one process a file, whoever died and left it behind.

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type Addon, findAddon, LOCK } from '../native/addon.js';

/** A pid file that is ours. */
export interface PidFile {
  readonly path: string;
  /** Removes it. What cannot be removed any more is left: the next to claim it sees that it is stale. */
  release(): void;
}

type Locks = Pick<Addon, 'tryFlock'>;

/**
 * Writes this process's id to the file and keeps the file for as long as the process lives. A file left behind by a
 * process that is gone is taken over. Whether another has it is decided by flock(2) alone, since ids are used again; where
 * the native addon is missing (`null`), by looking whether the process named in the file is alive.
 *
 * @throws Error when another process has it, or the file cannot be written.
 */
export function claimPidFile(path: string, addon: Locks | null = findAddon() ?? null): PidFile {
  for (;;) {
    const fd = openFile(path);
    try {
      if (addon && !addon.tryFlock(fd, LOCK.exclusive)) throw heldBy(path, readOwner(path));
      // Whoever had the lock before may have removed the file after we opened it.
      if (!isSameFile(fd, path)) {
        closeSync(fd);
        continue;
      }
      if (!addon) refuseLiveOwner(path, fstatSync(fd).mtimeMs);
      ftruncateSync(fd);
      writeSync(fd, `${process.pid}\n`, 0);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return { path, release: () => release(path, fd) };
  }
}

function openFile(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
  } catch (cause) {
    throw new Error(`Cannot write pid file "${path}": ${(cause as Error).message}`, { cause });
  }
}

function refuseLiveOwner(path: string, writtenMilliseconds: number): void {
  const owner = readOwner(path);
  if (owner !== undefined && isWriterAlive(owner, writtenMilliseconds)) throw heldBy(path, owner);
}

function heldBy(path: string, owner: number | undefined): Error {
  const who = owner === undefined ? 'another process' : `process ${owner}`;
  return new Error(`Cannot claim pid file "${path}": ${who} holds it`);
}

function isSameFile(fd: number, path: string): boolean {
  try {
    return fstatSync(fd).ino === statSync(path).ino;
  } catch {
    return false;
  }
}

function readOwner(path: string): number | undefined {
  const text = readFileSync(path, 'latin1').trim();
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/** Whether the process that wrote its id at that time still lives: not this one, not a later one of the same id. */
function isWriterAlive(pid: number, writtenMilliseconds: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startTime(pid);
  return started === undefined || started <= writtenMilliseconds + CLOCK_SLACK_MILLISECONDS;
}

/** The kernel tells when it booted in whole seconds. */
const CLOCK_SLACK_MILLISECONDS = 2000;

/** When a process started (ms since the epoch), where proc(5) tells: field 22 of its stat, in hundredths of a second. */
function startTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'));
    // The command's name is in parentheses and may hold anything.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    if (boot === null || ticks === undefined) return undefined;
    return Number(boot[1]) * 1000 + Number(ticks) * 10;
  } catch {
    return undefined;
  }
}

function release(path: string, fd: number): void {
  try {
    if (isSameFile(fd, path)) unlinkSync(path);
  } catch {
    // Its folder may have become unwritable with our privileges.
  }
  closeSync(fd);
}
