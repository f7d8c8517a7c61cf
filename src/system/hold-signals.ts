// Keeps what must not be cut short from being so by Ctrl-C.

/** From the terminal, or from whoever ends a process in good order. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Ending = (typeof ENDING)[number];

/**
 * Runs `work` to its end before one of these signals ends the process; a second one does so at once. Signals that
 * something else listens to are left to that.
 */
export async function holdSignals<T>(work: () => Promise<T>): Promise<T> {
  const held = ENDING.filter(signal => process.listenerCount(signal) === 0);
  let pending: Ending | undefined;
  const release = (): void => {
    for (const signal of held) process.off(signal, hold);
  };
  const hold = (signal: NodeJS.Signals): void => {
    pending = signal as Ending;
    release();
  };
  for (const signal of held) process.on(signal, hold);
  try {
    return await work();
  } finally {
    release();
    if (pending !== undefined) process.kill(process.pid, pending);
  }
}
