// Who else reads the log.

import type { Finding } from '../check/report.js';
import { systemFinding } from './finding.js';
import type { System } from './system.js';

/** Another spamlogd: two of them would both write the same database. */
export async function probeOtherReaders(
  system: System,
  logInterface: string,
  ownPids: readonly number[],
): Promise<Finding[]> {
  const result = await system.run('/bin/ps', ['-axo', 'pid=,args=']);
  const found = result.stdout.split('\n').flatMap(line => {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    const pid = Number(match?.[1]);
    const [program = '', ...args] = (match?.[2] ?? '').split(/\s+/);
    const isReader = /^(?:.*\/)?(?:spamlogd|obspamlogd|greylogd):?$/.test(program);
    if (!isReader || ownPids.includes(pid)) return [];
    const at = args.indexOf('-l');
    const reads = args[at + 1] && at >= 0 ? args[at + 1] : 'pflog0';
    return isSameLog(reads ?? '', logInterface, at >= 0)
      ? [{ pid, name: `${program.replace(/:$/, '')} (${pid})` }]
      : [];
  });
  const hereabouts = await Promise.all(found.map(({ pid }) => isInOurNamespace(system, pid)));
  const others = found.filter((_, i) => hereabouts[i]).map(({ name }) => name);
  if (others.length === 0) return [];
  const message = `Another program reads ${logInterface} already: ${others.join(', ')}.`;
  return [
    systemFinding('other-reader', 'warning', message, 'Stop one of them: both would write the same entries.'),
  ];
}

/** Whether what another program reads is, or may be, the same log: of NFLOG groups one in common is enough. */
function isSameLog(reads: string, own: string, isSaid: boolean): boolean {
  if (!own.startsWith('nflog')) return reads === own;
  const groupsOf = (device: string): string[] => device.replace(/^nflog:?/, '').split(',');
  if (!isSaid || groupsOf(own).join() === '') return true;
  return reads.startsWith('nflog') && groupsOf(reads).some(group => groupsOf(own).includes(group));
}

/** Programs in another network namespace of Linux read another log; where that cannot be told, they are in ours. */
async function isInOurNamespace(system: System, pid: number): Promise<boolean> {
  if (system.platform !== 'linux') return true;
  const [own, other] = await Promise.all(
    ['self', pid].map(one => system.run('readlink', [`/proc/${one}/ns/net`])),
  );
  return own?.status !== 0 || other?.status !== 0 || own.stdout === other.stdout;
}

/** An NFLOG group has one reader; another one takes every packet. */
export async function probeNflog(
  system: System,
  groups: readonly number[],
  ownPids: readonly number[],
): Promise<Finding[]> {
  const text = await system.readFile('/proc/net/netfilter/nfnetlink_log');
  if (text === undefined) {
    const message = 'The kernel does not show the readers of NFLOG (/proc/net/netfilter/nfnetlink_log).';
    return [systemFinding('nflog-unknown', 'note', message, 'Load the module.', 'modprobe nfnetlink_log')];
  }
  const owners = new Map(
    text.split('\n').flatMap((line): [number, number][] => {
      const [group, pid] = line.trim().split(/\s+/);
      return group && pid && /^\d+$/.test(group) ? [[Number(group), Number(pid)]] : [];
    }),
  );
  const taken = groups.filter(group => owners.has(group) && !ownPids.includes(owners.get(group)!));
  const names = await Promise.all(taken.map(group => programOf(system, owners.get(group)!)));
  return taken.map((group, i) => {
    const message = `NFLOG group ${group} is read by ${names[i]} already, and a group has one reader.`;
    return systemFinding(
      'nflog-taken',
      'error',
      message,
      'Log the mail to another group, or stop that program.',
    );
  });
}

async function programOf(system: System, pid: number): Promise<string> {
  const name = (await system.readFile(`/proc/${pid}/comm`))?.trim();
  return name ? `${name} (${pid})` : `process ${pid}`;
}
