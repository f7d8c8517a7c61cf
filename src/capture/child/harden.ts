// What is done to an open device's descriptor while there are still privileges, by the native addon where it is built.

import { fstatSync } from 'node:fs';
import { type Addon, findAddon } from '../../native/addon.js';
import type { CaptureDevice } from '../capture-device.js';
import { readNetlinkSockets, socketDescriptors } from '../capture-nflog.js';

/**
 * For bursts: 4 MiB, to which the kernel limits those who only ask, hold 5,000 to 10,000 short packets. The kernel
 * doubles it for its own book-keeping, and takes the memory only when packets wait.
 */
const RECEIVE_BUFFER_BYTES = 32 * 1024 * 1024;

/** Descriptors that libpcap could have got. */
const LAST_FD = 255;

/**
 * NFLOG: an overrun of the receive buffer must not look like an error to poll(2), and should be rare. bpf(4): nobody
 * shall give the descriptor another filter or interface.
 *
 * @returns the inode of the NFLOG socket, by which its drops are found; undefined for an interface.
 */
export function hardenDescriptor(
  device: CaptureDevice,
  addon: Addon | undefined = findAddon(),
): number | undefined {
  if (device.kind !== 'nflog') {
    if (process.platform !== 'linux') lockBpf(addon);
    return undefined;
  }
  const descriptors = socketDescriptors('self');
  const socket = readNetlinkSockets().find(({ inode }) => descriptors.has(inode));
  if (socket === undefined) return undefined;
  const fd = descriptors.get(socket.inode)!;
  addon?.ignoreOverrun(fd);
  try {
    addon?.forceReceiveBuffer(fd, RECEIVE_BUFFER_BYTES);
  } catch {
    // Not in a user namespace: what the kernel gave must do.
  }
  return socket.inode;
}

/** bpf(4) descriptors are the character devices among ours, besides a terminal, which does not know the request. */
function lockBpf(addon: Addon | undefined): void {
  for (let fd = 3; fd <= LAST_FD; fd++) {
    try {
      if (fstatSync(fd).isCharacterDevice()) addon?.lockBpf(fd);
    } catch {
      // Not open, or no bpf(4).
    }
  }
}
