// The end of a process that has a thread in a system call which may never return.

import { findAddon } from '../native/addon.js';

/**
 * Ends the process, and leaves undone whatever is to be done at its end. Where the native addon is missing it does
 * nothing, and the process ends when that call returns.
 */
export function exitAtOnce(status: number): void {
  findAddon()?.exitAtOnce(status);
}
