// Opens the database of spamd(8), with the database of sightings beside it.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LOCK, loadAddon } from '../native/addon.js';
import { type DatabaseName, sightingsBeside } from '../options/database.js';
import { type LockOptions, NEEDS_FLOCK } from '../store/spamd-db/locked-file.js';
import type { SightingsBook } from '../store/spamd-db/sightings-book.js';
import { openSpamdDb, type SpamdDbStore } from '../store/spamd-db/spamd-db-store.js';
import { WorkerBook } from '../store/spamd-db/worker-book.js';
import { StoreError } from '../store/store.js';
import { systemError } from '../store/system-errors.js';
import { holdSignals } from '../system/hold-signals.js';
import { handOver, ownerNamed } from './hand-over.js';
import type { DatabaseSettings, OpenOptions } from './open-database.js';

/** What is told of spamd's database while it is in use. */
export interface SpamdReports {
  /** A line on what goes on without, or was left out. */
  readonly warn: (line: string) => void;
  /** How many addresses of a batch were IPv6, of which spamd keeps none. */
  readonly onIpv6?: (addresses: number) => void;
  /** A record was left out of a listing, since spamd knows no value of its size. */
  readonly onUnreadable?: () => void;
}

/** Opens it; `signal` breaks off the waiting for its lock, which then has failed. @throws {StoreError} */
export async function openSpamd(
  database: DatabaseName,
  settings: DatabaseSettings,
  options: OpenOptions,
  reports: SpamdReports,
  signal?: AbortSignal,
): Promise<SpamdDbStore> {
  const { path } = database;
  const { warn, onIpv6, onUnreadable } = reports;
  const busyTimeoutMs = settings['busy-timeout'] * 1000;
  const lock = { ...lockOptions(busyTimeoutMs, path), ...(signal && { wait: patience(signal) }) };
  const timeoutMs = Math.min(options.patienceMs ?? busyTimeoutMs, busyTimeoutMs);
  const create = options.canCreate === true && !existsSync(path);
  // Whether it is there and spamd's, before anything is made beside it.
  await (await openSpamdDb({ ...lock, timeoutMs, path, create })).close();
  if (!options.isReadOnly) checkWritable(path);
  const owner = create ? ownerNamed(settings.user) : undefined;
  // spamd gives the file that it makes to its own user, and could not use one of root's.
  if (owner) handOver(path, owner);
  const book = await openBook(database, settings, options, warn);
  let isBookBroken = false;
  const opened = openSpamdDb({
    ...lock,
    path,
    hold: holdSignals,
    ...(book && { book }),
    ...(onIpv6 && { onIpv6 }),
    whiteexpSeconds: settings.whiteexp * 3600,
    onBookError: error => {
      if (!isBookBroken) warn(`${error.message}; the whitelist itself is written`);
      isBookBroken = true;
    },
    onUnreadable: (key, valueBytes) => {
      const name = JSON.stringify(Buffer.from(key).toString('latin1'));
      warn(`"${path}": the value of ${name} has ${valueBytes} bytes: left out, and spamd trips over it`);
      onUnreadable?.();
    },
  });
  return opened.catch(async error => {
    await book?.close();
    throw error;
  });
}

/** @throws {StoreError} when it may not be written to */
function checkWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw systemError('use store', path, error);
  }
}

/** Waits between two attempts to take the lock, unless the signal is aborted. */
function patience(signal: AbortSignal): (milliseconds: number) => Promise<void> {
  return milliseconds => setTimeout(milliseconds, undefined, { signal });
}

/** How the file is locked on this system. @throws {StoreError} where that cannot be done */
export function lockOptions(timeoutMs: number, path: string): LockOptions {
  if (!NEEDS_FLOCK) return { timeoutMs };
  try {
    const addon = loadAddon(`store "${path}"`);
    return { timeoutMs, lock: fd => addon.tryFlock(fd, LOCK.exclusive) };
  } catch (cause) {
    throw new StoreError('failed', (cause as Error).message, { cause });
  }
}

async function openBook(
  database: DatabaseName,
  settings: DatabaseSettings,
  { isReadOnly = false, patienceMs, cacheKib }: OpenOptions,
  warn: (line: string) => void,
): Promise<SightingsBook | undefined> {
  const given = settings['sightings-database'];
  if (given === 'none') return undefined;
  const path = given ?? sightingsBeside(database);
  const isThere = existsSync(path);
  if (isReadOnly && given === undefined && !isThere) return undefined;
  const busyTimeoutMs = settings['busy-timeout'] * 1000;
  const isFolderThere = existsSync(dirname(path));
  try {
    const openTimeoutMs = Math.min(patienceMs ?? busyTimeoutMs, busyTimeoutMs);
    const waits = { busyTimeoutMs, openTimeoutMs };
    const options = { isReadOnly, canCreate: true, ...waits, ...(cacheKib && { cacheKib }) };
    const book = await WorkerBook.open(path, options);
    if (!isThere) handOverBook(path, isFolderThere, database.path);
    return book;
  } catch (error) {
    // Who has patience tries again.
    const isWaitedFor = patienceMs !== undefined && (error as StoreError).code === 'busy';
    if (given !== undefined || isWaitedFor) throw error;
    warn(`${(error as Error).message}; when an address was seen is reckoned from its end`);
    return undefined;
  }
}

/** What root makes is for the owner of spamd's database, as whom the daemon runs. */
function handOverBook(path: string, isFolderThere: boolean, database: string): void {
  const owner = statSync(database);
  const made = [path, `${path}-wal`, `${path}-shm`, ...(isFolderThere ? [] : [dirname(path)])];
  for (const one of made) handOver(one, owner);
}
