// The engine of npm `cap` (0.2.1). What it gets wrong, and what is done about it here:
// - It writes packets into a Buffer that it does not keep alive: we do, for as long as the process lives.
// - It aborts the process when poll(2) reports an error (interface down or gone, receive buffer overrun): that ends the
//   child, and whoever started it starts another.
// - It tells neither a packet's time nor its length on the wire: the time is that of arrival here, to the millisecond,
//   and the length is that of what was captured, which at its fixed snap length of 65535 is the same.
// - It has no counters: drops on an interface are not known.
// - It listens promiscuously, and asks for slots of 65535 bytes: the kernel's ring is made larger to hold some.

import { setImmediate } from 'node:timers/promises';
import { type OpenDevice, type OpenEngine, parseLinkType } from './engine.js';
import { loadPackage } from './load-package.js';

/** What is used of the package. */
interface CapPackage {
  readonly Cap: new () => Cap;
}

interface Cap {
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string;
  on(event: 'packet', listener: (length: number) => void): void;
}

const SNAP_LENGTH = 65_535;
const KERNEL_BUFFER_BYTES = 32 * 1024 * 1024;

/** Never let go of: see above. */
const opened: { cap: Cap; buffer: Buffer }[] = [];

/** Opens a device with npm `cap`. */
export const openCap: OpenEngine = ({ device, filter }): OpenDevice => {
  const { Cap } = loadPackage('cap') as CapPackage;
  const cap = new Cap();
  const buffer = Buffer.allocUnsafeSlow(SNAP_LENGTH);
  opened.push({ cap, buffer });
  const linkType = parseLinkType(cap.open(device.name, filter, KERNEL_BUFFER_BYTES, buffer));
  return {
    linkType,
    version: 'cap',
    start: onPacket => {
      cap.on('packet', length => {
        const now = Date.now();
        onPacket(Math.floor(now / 1000), (now % 1000) * 1000, buffer, length, length);
      });
    },
    readDrops: () => null,
    check: () => {},
    drain: async () => {
      // Packets are read in the event loop's next turn; the one after it comes when that is done.
      await setImmediate();
      await setImmediate();
    },
  };
};
