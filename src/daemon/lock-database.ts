// One daemon a database, by whatever name it is reached.

import { statSync } from 'node:fs';
import { type DatabaseName, formatDatabase, lockFileOf } from '../options/database.js';
import { StoreError } from '../store/store.js';
import { claimPidFile, type PidFile } from '../system/pid-file.js';
import { leadsNowhere, makeDatabaseFolder } from './make-database-folder.js';
import { realPathOf } from './real-path.js';

/**
 * Two daemons on one database would both think that they know what is in it. The lock is a file beside the database's
 * own path, links followed, so that it outlives a database that is replaced, and is no lock on the database itself,
 * which would be in the way of SQLite's or spamd's.
 *
 * A file with several hard links is refused: nothing that a lock could be named after is the same in all of their
 * folders and open to the daemon's user, and SQLite names its journal after the link that was used, so that a second
 * name is how a database is damaged (https://sqlite.org/howtocorrupt.html, 2.5).
 *
 * @throws {StoreError} when there is no folder for it
 * @throws Error when another has it, or could have
 */
export function lockDatabase(database: DatabaseName): PidFile {
  let lock: PidFile | undefined;
  try {
    const real = { kind: database.kind, path: realPath(database) };
    makeDatabaseFolder(real);
    lock = claimPidFile(lockFileOf(real));
    refuseHardLinks(real.path);
    return lock;
  } catch (cause) {
    lock?.release();
    if (cause instanceof StoreError) throw cause;
    throw new Error(`Cannot have database "${formatDatabase(database)}" alone: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** @throws {StoreError} when links lead round and round */
function realPath(database: DatabaseName): string {
  try {
    return realPathOf(database.path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw leadsNowhere(database, error);
    throw error;
  }
}

function refuseHardLinks(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile() || stats.nlink === 1) return;
  const names = `the file has ${stats.nlink} names (hard links)`;
  throw new Error(`${names}, and another daemon could have it by another one`);
}
