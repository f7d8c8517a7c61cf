// User accounts by name, from passwd(5) or whatever getent(1) asks.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A user account to run as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Its primary group. */
  readonly gid: number;
}

/** What user names may look like here: nothing that getent could take for an option, nor passwd(5) for a separator. */
const USER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/;

/**
 * The account of that name: from /etc/passwd, else from the name service (LDAP, NIS, systemd's own users).
 *
 * @throws Error when there is none.
 */
export function lookupAccount(name: string, passwdFile = '/etc/passwd'): Account {
  if (!USER_NAME.test(name)) throw new Error(`Cannot find user "${name}": not a user name`);
  const account = parsePasswd(readPasswd(passwdFile), name) ?? parsePasswd(askNameService(name), name);
  if (!account) throw new Error(`Cannot find user "${name}": no such user`);
  return account;
}

/** The account in text of passwd(5)'s form, or undefined. */
export function parsePasswd(text: string, name: string): Account | undefined {
  for (const line of text.split('\n')) {
    const [entryName, , uid = '', gid = ''] = line.split(':');
    if (entryName !== name || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) continue;
    return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function readPasswd(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function askNameService(name: string): string {
  return spawnSync('getent', ['passwd', name], { encoding: 'utf8' }).stdout ?? '';
}
