// What can be seen of a device without opening it: a change is the moment to try again.

import { readFileSync } from 'node:fs';
import type { CaptureDevice } from './capture-device.js';
import { readListeners } from './capture-nflog.js';

/** IFF_UP of net/if.h. */
const IFF_UP = 0x1;

/**
 * A few words that change when the device does: `missing`, `up (3)` (with the interface's index), `held by 4711`.
 * Constant where the system does not tell without privileges or a system call that Node lacks.
 */
export function readCondition(device: CaptureDevice): string {
  if (process.platform !== 'linux') return 'unknown';
  if (device.kind === 'nflog') {
    const listeners = readListeners();
    return `held by ${device.groups.map(group => listeners.get(group) ?? 'nobody').join(', ')}`;
  }
  const attribute = (name: string): string =>
    readFileSync(`/sys/class/net/${device.name}/${name}`, 'latin1').trim();
  try {
    const isUp = (Number(attribute('flags')) & IFF_UP) !== 0;
    return `${isUp ? 'up' : 'down'} (${attribute('ifindex')})`;
  } catch {
    return 'missing';
  }
}
