// Gives what root has just made to the user who is going to work with it.

import { closeSync, constants, fchownSync, fstatSync, openSync } from 'node:fs';
import { type Account, lookupAccount } from '../system/account.js';

/** A user and group by number. */
export type Owner = Pick<Account, 'uid' | 'gid'>;

/**
 * Gives a file or folder to its owner, if we are root and it is root's and there. Whoever may write to the folder that
 * it is in may have put a link to something else in its place: neither a symbolic nor another link is followed.
 */
export function handOver(path: string, { uid, gid }: Owner): void {
  if (process.getuid?.() !== 0) return;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return;
  }
  try {
    const stats = fstatSync(fd);
    const isAlone = stats.isDirectory() || (stats.isFile() && stats.nlink === 1);
    if (isAlone && stats.uid === 0) fchownSync(fd, uid, gid);
  } finally {
    closeSync(fd);
  }
}

/** The user of that name; undefined when there is none, and so no program that runs as that user either. */
export function ownerNamed(user: string): Owner | undefined {
  try {
    return lookupAccount(user);
  } catch {
    return undefined;
  }
}
