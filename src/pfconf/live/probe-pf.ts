// Whether pf and its log interface are there and running.

import type { Finding } from '../check/report.js';
import { systemFinding } from './finding.js';
import { parseIfconfig } from './ifconfig.js';
import { commandProblem } from './rules.js';
import type { System } from './system.js';

/** Whether pf is enabled, and pfctl may be asked. */
export async function probePf(system: System, pfctl: string): Promise<Finding[]> {
  const info = await system.run(pfctl, ['-s', 'info']);
  if (info.status !== 0) {
    const advice = 'Run this as root: pfctl needs to open /dev/pf.';
    return [systemFinding('pf-unreadable', 'error', commandProblem(`${pfctl} -s info`, info), advice)];
  }
  if (/^Status: Enabled/m.test(info.stdout)) return [];
  return [systemFinding('pf-disabled', 'error', 'pf is not enabled.', 'Enable it.', `${pfctl} -e`)];
}

/** Whether pflogN exists and is up; a packet that is logged to one that is not goes nowhere. */
export async function probePflog(system: System, name: string): Promise<Finding[]> {
  const result = await system.run('/sbin/ifconfig', [name]);
  const [found] = result.status === 0 ? parseIfconfig(result.stdout) : [];
  if (!found) {
    const message = `The interface ${name} does not exist.`;
    return [systemFinding('pflog-missing', 'error', message, 'Create it.', `ifconfig ${name} create up`)];
  }
  if (found.flags.includes('UP')) return [];
  return [
    systemFinding(
      'pflog-down',
      'error',
      `The interface ${name} is down.`,
      'Set it up.',
      `ifconfig ${name} up`,
    ),
  ];
}

/** FreeBSD before 15 hands pfctl its device as /dev/fd/N, which needs fdescfs(5). */
export async function probeFdescfs(system: System): Promise<Finding[]> {
  const result = await system.run('/sbin/mount', ['-p']);
  if (result.status !== 0 || /^\S+\s+\/dev\/fd\s+fdescfs\s/m.test(result.stdout)) return [];
  return [
    systemFinding(
      'fdescfs-missing',
      'error',
      'fdescfs is not mounted on /dev/fd, so pfctl cannot be given the device that was opened as root.',
      'Mount it, and add it to fstab(5).',
      'fdescfs /dev/fd fdescfs rw 0 0',
    ),
  ];
}

/** FreeBSD refuses table requests of more addresses than a sysctl says. */
export async function probeRequestLimit(system: System, whiteEntries: number): Promise<Finding[]> {
  const result = await system.run('/sbin/sysctl', ['-n', 'net.pf.request_maxcount']);
  const limit = Number(result.stdout.trim());
  if (result.status !== 0 || !Number.isInteger(limit) || whiteEntries < limit * 0.8) return [];
  return [
    systemFinding(
      'request-limit-near',
      whiteEntries >= limit ? 'error' : 'warning',
      `The whitelist has ${whiteEntries} addresses, and pf takes ${limit} in one request.`,
      'Raise net.pf.request_maxcount.',
      `sysctl net.pf.request_maxcount=${Math.max(limit, whiteEntries) * 2}`,
    ),
  ];
}
