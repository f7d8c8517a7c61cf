// Keeps what must not be cut short from being so by Ctrl-C.

/** From the terminal, or from whoever ends a process in good order. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What runs now that must not be cut short, and the signal that waits for its end. */
let running = 0;
let pending: NodeJS.Signals | undefined;

/**
 * Runs `work` to its end before one of these signals ends the process; a second one does so at once. Signals that
 * something else listens to are left to that.
 *
 * They are listened to from the first call on: one that comes while a listener is taken away would be lost.
 */
export async function holdSignals<T>(work: () => Promise<T>): Promise<T> {
  for (const signal of ENDING) if (process.listenerCount(signal) === 0) process.on(signal, onSignal);
  running++;
  try {
    return await work();
  } finally {
    running--;
    if (running === 0 && pending !== undefined) endBy(pending);
  }
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  if (running > 0 && pending === undefined) pending = signal;
  else endBy(signal);
}

function endBy(signal: NodeJS.Signals): void {
  for (const one of ENDING) process.off(one, onSignal);
  process.kill(process.pid, signal);
}
