// Waiting in between, so that receivers keep up.

import type { Surroundings } from './surroundings.js';

/** Fulfilled after that long, or as soon as the signal is aborted. */
export function pause(
  milliseconds: number,
  surroundings: Pick<Surroundings, 'schedule'>,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = surroundings.schedule(milliseconds, finish);
    signal?.addEventListener('abort', finish);
  });
}
