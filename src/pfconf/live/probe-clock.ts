// Whether the clock can be trusted: entries live and end by it.

import type { Finding } from '../check/report.js';
import { systemFinding } from './finding.js';
import type { System } from './system.js';

/** 2024-01-01: a clock before it has lost its battery. */
const EARLIEST_SECONDS = 1_704_067_200;

/** Whether the clock is plausible, and its keeper, where there is one to ask, says that it is right. */
export async function probeClock(system: System): Promise<Finding[]> {
  if (system.now() < EARLIEST_SECONDS) {
    const date = new Date(system.now() * 1000).toISOString();
    const message = `The clock says ${date}.`;
    return [systemFinding('clock-wrong', 'error', message, 'Set it: whitelist entries end by the clock.')];
  }
  if (!(await isUnsynchronised(system))) return [];
  const message = 'The clock is not synchronised.';
  return [systemFinding('clock-unsynchronised', 'warning', message, 'Run ntpd(8) or its like.')];
}

async function isUnsynchronised(system: System): Promise<boolean> {
  if (system.platform === 'openbsd') {
    const { status, stdout } = await system.run('/usr/sbin/ntpctl', ['-s', 'status']);
    return status === 0 && /clock unsynced/.test(stdout);
  }
  if (system.platform === 'linux') {
    const { status, stdout } = await system.run('timedatectl', [
      'show',
      '--property=NTPSynchronized',
      '--value',
    ]);
    return status === 0 && stdout.trim() === 'no';
  }
  return false;
}
