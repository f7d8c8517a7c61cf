// The processes of our own daemon, which are no other readers of the log.

import type { System } from './system.js';

/** Its privileged half, as it calls itself. */
const MONITOR = /^spamlogd: monitor\b/;

/** The pids given, and the daemon's: the process that answered, the monitor that started it, and what these started. */
export async function ownProcesses(
  system: System,
  pids: readonly number[],
  daemonPid: number | undefined,
): Promise<number[]> {
  if (daemonPid === undefined) return [...pids];
  const { stdout } = await system.run('/bin/ps', ['-axo', 'pid=,ppid=,args=']);
  const processes = stdout.split('\n').flatMap(line => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), parent: Number(match[2]), text: match[3]! }] : [];
  });
  const parent = processes.find(({ pid }) => pid === daemonPid)?.parent;
  const monitor = processes.find(({ pid, text }) => pid === parent && MONITOR.test(text));
  const own = new Set([monitor?.pid ?? daemonPid, daemonPid]);
  for (let size = 0; size !== own.size; ) {
    size = own.size;
    for (const one of processes) if (own.has(one.parent)) own.add(one.pid);
  }
  return [...pids, ...own];
}
