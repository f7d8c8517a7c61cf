// What runs pfctl and nft as the settings say: pfctl perhaps with an open /dev/pf that was handed to us.

import { fstatSync } from 'node:fs';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import { createRunner, type Runner } from '../table/runner.js';

/** A runner for the settings. @throws {UsageError} when the descriptor of --pf-fd cannot be an open /dev/pf */
export function openRunner(settings: Pick<Settings, 'pf-fd'>): Runner {
  const fd = settings['pf-fd'];
  if (fd === undefined) return createRunner();
  checkPfDevice(fd);
  return createRunner({ pfDeviceFd: fd });
}

/** Refuses what cannot be an open /dev/pf before anything is run with it. @throws {UsageError} */
export function checkPfDevice(fd: number): void {
  let isDevice: boolean;
  try {
    isDevice = fstatSync(fd).isCharacterDevice();
  } catch {
    throw new UsageError(`option "--pf-fd" names descriptor ${fd}, which is not open`);
  }
  if (!isDevice)
    throw new UsageError(`option "--pf-fd" names descriptor ${fd}, which is not an open /dev/pf`);
}
