// What libpcap's error texts mean, whichever engine passes them on.

import type { CaptureDevice } from './capture-device.js';
import { CaptureError, type EndCode } from './capture-messages.js';
import { describeOwners } from './capture-nflog.js';

/** Texts of libpcap 1.9 to 1.10 and of OpenBSD's, by what they mean; the first that fits counts. */
const TEXTS: readonly (readonly [RegExp, EndCode])[] = [
  [/interface (?:disappeared|went down)/i, 'lost'],
  // A group has one listener, and the kernel says EPERM or EBUSY to a second.
  [/Can't listen on group index: (?:Operation not permitted|Device or resource busy)/, 'busy'],
  [/No such device|Device not configured|does not exist|BIOCSETIF/i, 'missing'],
  [/not up|Network is down/i, 'down'],
  [/not permitted|permission/i, 'permission'],
];

const REASONS: Partial<Record<EndCode, string>> = {
  missing: 'no such device',
  down: 'it is not up',
};

/** What libpcap says to its own options and not to the user: that a NFLOG group has no address. */
const HARMLESS = /SIOCGIFADDR|this may not actually work/i;

/** Whether a line of an engine's standard error can be passed over. */
export function isHarmless(line: string): boolean {
  return line.trim() === '' || HARMLESS.test(line);
}

/** The error for a device that could not be opened, from the text that libpcap gave. */
export function explainFailure(device: CaptureDevice, text: string): CaptureError {
  const code = TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'failed';
  const reason =
    code === 'busy'
      ? `another process listens on the group: ${describeOwners(device.groups)}`
      : (REASONS[code] ?? text.trim().replace(/\s+/g, ' '));
  return new CaptureError(code, `Cannot capture on "${device.name}": ${reason}`);
}
