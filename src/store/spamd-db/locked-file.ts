// Opens a file and takes the exclusive flock(2) that spamd, spamdb and the original spamlogd take, readers too.

import { close, constants, fstat, fstatSync, openSync, type Stats } from 'node:fs';
import { platform } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StoreError } from '../store.js';
import { toStoreError } from './store-errors.js';

/**
 * One attempt to take an exclusive flock(2) on an open file, without waiting (LOCK_EX | LOCK_NB): whether it was had.
 * The lock goes when the descriptor is closed.
 */
export type FileLock = (fd: number) => boolean | Promise<boolean>;

/** How {@link openLocked} goes about it. */
export interface LockOptions {
  /** Needed where open(2) knows no O_EXLOCK: everywhere but on the BSDs and macOS. */
  readonly lock?: FileLock | undefined;
  /** How long to try, in milliseconds; 30 seconds by default. spamd keeps the lock while it walks its database. */
  readonly timeoutMs?: number;
  /** Waits that many milliseconds between two attempts. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** A file that is ours alone until its descriptor is closed. */
export interface LockedFile {
  readonly fd: number;
  readonly stats: Stats;
}

/** `O_EXLOCK` of fcntl.h, which Node does not name: open(2) takes the lock itself. */
const O_EXLOCK = 0x20;

const HAS_EXLOCK = ['darwin', 'dragonfly', 'freebsd', 'netbsd', 'openbsd'].includes(platform);

/** Whether {@link LockOptions.lock} is needed here. */
export const NEEDS_FLOCK: boolean = !HAS_EXLOCK;
const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;
const DEFAULT_TIMEOUT_MS = 30_000;

const closeFile = promisify(close);
const statFile = promisify(fstat);

/**
 * Opens a file that exists and locks it. Tries again and again rather than wait inside of a system call, so that no
 * thread is held however long another program has the lock. A file that was removed meanwhile is let go.
 *
 * Errors are {@link StoreError}s: `busy` when the time is over, `missing`, `permission`, `read-only`, `not-ours` for
 * what is not a regular file, `failed`.
 */
export async function openLocked(path: string, isWriter: boolean, options: LockOptions): Promise<LockedFile> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, wait = delay } = options;
  let waited = 0;
  for (let pause = FIRST_WAIT_MS; ; pause = Math.min(2 * pause, LONGEST_WAIT_MS)) {
    const file = await tryOpen(path, isWriter, options.lock);
    if (file) return file;
    if (waited >= timeoutMs) {
      throw new StoreError(
        'busy',
        `Cannot open store "${path}": another program has kept it locked for ${timeoutMs} ms`,
      );
    }
    await wait(pause);
    waited += pause;
  }
}

async function tryOpen(
  path: string,
  isWriter: boolean,
  lock: FileLock | undefined,
): Promise<LockedFile | undefined> {
  if (!HAS_EXLOCK && !lock) {
    throw new StoreError(
      'failed',
      `Cannot open store "${path}": this system has no O_EXLOCK, and flock(2) is missing`,
    );
  }
  const access = isWriter ? constants.O_RDWR : constants.O_RDONLY;
  let fd: number | undefined;
  try {
    // Neither waits for another program, and each would take longer on a thread of the pool than in this one.
    fd = openSync(path, access | constants.O_NONBLOCK | (lock ? 0 : O_EXLOCK));
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw new StoreError('missing', `Cannot open store "${path}": it is a folder`);
    if (!stats.isFile())
      throw new StoreError('not-ours', `Cannot open store "${path}": it is not a regular file`);
    if (!lock || (await lock(fd))) {
      const locked = fstatSync(fd);
      if (locked.nlink > 0) return { fd, stats: locked };
    }
  } catch (error) {
    if (fd !== undefined) await closeFile(fd);
    if (isLockedError(error)) return undefined;
    throw toStoreError(path, error);
  }
  await closeFile(fd);
  return undefined;
}

function isLockedError(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EWOULDBLOCK';
}

/** Closes a locked file, and so unlocks it. */
export async function unlock(file: LockedFile): Promise<void> {
  await closeFile(file.fd);
}

/** Closes a locked file that may have been closed already, its descriptor perhaps in use for another file. */
export async function unlockAbandoned(file: LockedFile): Promise<void> {
  const stats = await statFile(file.fd).catch(() => undefined);
  if (stats?.ino === file.stats.ino && stats.dev === file.stats.dev) await closeFile(file.fd);
}
