// What the log and the service manager are told of the capture: each change once.

import type { Logger } from 'pino';
import { type CaptureState, describeState } from '../capture/capture-state.js';
import type { Settings } from '../options/table.js';
import type { Readiness } from '../system/readiness.js';

/** Logs changes of state. */
export class CaptureLog {
  readonly #logger: Logger;
  readonly #device: string;
  #isTold = false;

  constructor(logger: Logger, device: string) {
    this.#logger = logger;
    this.#device = device;
  }

  /** Logs that the capture is in another state; what its reader has logged, and the end of that, is not news. */
  tell(state: CaptureState): void {
    const logger = this.#logger;
    const line = describeState(state, this.#device);
    const wasTold = this.#isTold;
    this.#isTold = state.kind === 'waiting' && state.isTold === true;
    if (this.#isTold || (wasTold && state.kind === 'capturing')) return;
    if (state.kind === 'capturing') logger.info(line);
    else if (state.kind === 'waiting') logger.warn(line);
    else if (state.kind === 'failed') logger.error(line);
    else logger.debug(line);
  }
}

/** Tells the service manager of a change of state; `isStart` when with that the start-up is over. */
export function tellCaptureState(
  readiness: Readiness,
  device: string,
  state: CaptureState,
  isStart: boolean,
): void {
  const line = describeState(state, device);
  if (isStart) readiness.ready(line);
  // That it stops has been said.
  else if (state.kind !== 'stopped') readiness.status(line);
}

/** The line with which spamlogd(8) begins. */
export function listeningLine(device: string, settings: Settings): string {
  const where = settings.interface ?? 'all interfaces.';
  return `Listening on ${device} for ${where} ${settings['inbound-only'] ? 'Inbound direction only.' : ''}`.trimEnd();
}
