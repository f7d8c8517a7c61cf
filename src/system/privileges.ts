// Giving up root for good: initgroups(3), setgid(2), setuid(2), then the proof that there is no way back.

import { readdirSync, readFileSync } from 'node:fs';
import type { Account } from './account.js';

/** Node has it (process.initgroups), its types do not. */
type ProcessWithGroups = NodeJS.Process & { initgroups(user: string, group: number): void };

/** Whether the process may change its user. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Makes the process the account's, all of its threads and its groups included, and proves it.
 *
 * @throws Error when a step fails or the proof does: the process must not go on then.
 */
export function dropPrivileges(account: Account): void {
  try {
    // Groups first: once the user has changed, the right to change them is gone.
    (process as ProcessWithGroups).initgroups(account.name, account.gid);
    process.setgid!(account.gid);
    process.setuid!(account.uid);
  } catch (cause) {
    throw new Error(`Cannot become user "${account.name}": ${(cause as Error).message}`, { cause });
  }
  const left = findPrivileges(account);
  if (left) throw new Error(`Cannot become user "${account.name}": ${left}`);
}

/** What the process still may do or be besides the account itself, in a few words; undefined when nothing. */
export function findPrivileges(account: Account): string | undefined {
  if (account.uid === 0) return 'it is root';
  if (account.gid === 0) return 'its group is root';
  if (process.getuid!() !== account.uid || process.geteuid!() !== account.uid)
    return 'the user did not change';
  if (process.getgid!() !== account.gid || process.getegid!() !== account.gid)
    return 'the group did not change';
  if (process.getgroups!().includes(0)) return 'it is in group 0';
  return findWayBack() ?? findLinuxPrivileges(account);
}

/** Tries what must fail. */
function findWayBack(): string | undefined {
  const attempts = {
    setuid: () => process.setuid!(0),
    seteuid: () => process.seteuid!(0),
    setgid: () => process.setgid!(0),
    setegid: () => process.setegid!(0),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      attempt();
      return `${name}(0) gives root back`;
    } catch {
      // As it should be.
    }
  }
  return undefined;
}

/** Saved and file system ids and capabilities, which only proc(5) tells, of every thread. */
function findLinuxPrivileges(account: Account): string | undefined {
  if (process.platform !== 'linux') return undefined;
  for (const thread of readdirSync('/proc/self/task')) {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    const ids = (field: string): string[] =>
      new RegExp(`^${field}:\\s*(.+)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
    const isAll = (values: string[], id: number): boolean =>
      values.length === 4 && values.every(value => Number(value) === id);
    if (!isAll(ids('Uid'), account.uid)) return `a thread has user ids ${ids('Uid').join(' ')}`;
    if (!isAll(ids('Gid'), account.gid)) return `a thread has group ids ${ids('Gid').join(' ')}`;
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
      const [mask] = ids(set);
      if (mask !== undefined && !/^0+$/.test(mask)) return `capabilities are left (${set} ${mask})`;
    }
  }
  return undefined;
}
