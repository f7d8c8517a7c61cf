// Named pipes.

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { runOther } from './cli.js';

/** The end of a named pipe that is written to. */
export interface FifoWriter {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Makes a named pipe. */
export async function makeFifo(path: string): Promise<void> {
  await runOther('mkfifo', [path]);
}

/** Opens a named pipe for writing as soon as somebody has opened it for reading. */
export async function openFifo(path: string): Promise<FifoWriter> {
  for (;;) {
    try {
      const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return { write: bytes => void writeSync(descriptor, bytes), close: () => closeSync(descriptor) };
    } catch (error) {
      // ENXIO: nobody reads yet.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await delay(5);
    }
  }
}
