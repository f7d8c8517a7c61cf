// How long an event loop is kept from coming round.

import { openSync, readSync } from 'node:fs';

/** How long this thread has waited for a processor so far, in milliseconds (sched-stats of the Linux kernel). */
function makeWaitClock(): () => number {
  let fd: number;
  try {
    fd = openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return () => 0;
  }
  const buffer = Buffer.alloc(64);
  return () => {
    const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
    return Number(text.split(' ')[1]) / 1e6;
  };
}

const waited = makeWaitClock();
/** What is shorter is not looked at closely. */
const WORTH_A_LOOK_MS = 1;

/**
 * The longest time for which this thread's event loop did not come round while something was done, in milliseconds.
 * Time in which the thread could have gone on and other programs had the processors is not its doing.
 */
export async function longestStall(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let isOver = false;
  let last = performance.now();
  let before = waited();
  const tick = (): void => {
    const stalled = performance.now() - last;
    if (stalled > WORTH_A_LOOK_MS) {
      const now = waited();
      longest = Math.max(longest, stalled - (now - before));
      before = now;
    }
    last = performance.now();
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  isOver = true;
  return longest;
}
