// The folders that the daemon's user has to be able to write to: those of the database and of the control socket.

import { chownSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { folderOf } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { type Account, lookupAccount } from '../system/account.js';

/**
 * Makes them where they are missing. To be done as root, before anything is written. The database's own link is not
 * followed: in a folder of theirs the daemon's user could have it lead anywhere. @throws Error in one line
 */
export function makeOwnFolders(settings: Settings): void {
  const account = lookupAccount(settings.user);
  const folders = new Set([folderOf(databaseOf(settings)), dirname(settings['control-socket'])]);
  for (const folder of folders) makeOwnFolder(folder, account);
}

/**
 * Makes a folder for the daemon's user where there is none. One that is there stays as it is, unless it is named after
 * the daemon and root's: a service manager has made it.
 */
function makeOwnFolder(folder: string, { uid, gid }: Account): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found !== undefined && (found.uid !== 0 || basename(folder) !== 'spamlogd')) return;
  try {
    if (found === undefined) mkdirSync(folder, { mode: 0o755 });
    chownSync(folder, uid, gid);
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'the folder it is in does not exist'
        : (cause as Error).message;
    throw new Error(`Cannot make folder "${folder}": ${reason}`, { cause });
  }
}
