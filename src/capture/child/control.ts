// The child's end of the control channel: messages go out, and its closing says that the parent is gone.

import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type CaptureMessage, CONTROL_FD } from '../capture-messages.js';

/** The control channel. */
export interface Control {
  /** Sends a message before it returns; one that the parent leaves no room for is lost. */
  send(message: CaptureMessage): void;
}

/**
 * Opens it. It does not keep the process alive.
 *
 * @param onClosed called when the parent has closed its end, or died
 */
export function openControl(onClosed: () => void): Control {
  const socket = new Socket({ fd: CONTROL_FD, readable: true, writable: false });
  socket.once('close', onClosed);
  socket.on('error', () => {});
  socket.resume();
  socket.unref();
  return {
    send: message => {
      try {
        writeSync(CONTROL_FD, `${JSON.stringify(message)}\n`);
      } catch {
        // The parent does not read, or is gone, of which `onClosed` tells.
      }
    },
  };
}
