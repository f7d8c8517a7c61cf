// Waiting in between, so that receivers keep up.

import type { Surroundings } from './surroundings.js';

/** Fulfilled after that long, or as soon as the signal is aborted, which it is not yet. */
export function pause(
  milliseconds: number,
  surroundings: Pick<Surroundings, 'schedule'>,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise(resolve => {
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = surroundings.schedule(milliseconds, finish);
    signal?.addEventListener('abort', finish);
  });
}
