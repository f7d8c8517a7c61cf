// write(2) that never waits.

import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { findAddon } from '../native/addon.js';

/** Writes to a descriptor; gives how many bytes were taken, 0 when there is no room. @throws Error as Node's own */
export type WriteNow = (bytes: Buffer) => number;

/**
 * How to write to a descriptor. Without the native addon it waits where another process has put a pipe back into
 * blocking mode, as Node's processes do when they start and end, and on a terminal.
 */
export function openWriteNow(fd: number): WriteNow {
  const addon = findAddon();
  if (addon) return bytes => addon.writeNow(fd, bytes);
  unblock(fd);
  return bytes => {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  };
}

/** This is how Node puts a descriptor into non-blocking mode; the socket itself is not written to. */
function unblock(fd: number): void {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) new Socket({ fd, readable: false, writable: true }).unref();
}
