// What the log is told of the capture: each change once.

import type { Logger } from 'pino';
import type { CaptureState } from '../capture/capture-supervisor.js';
import type { Settings } from '../options/table.js';

/** Logs a change of state. */
export function logCaptureState(logger: Logger, device: string, state: CaptureState): void {
  switch (state.kind) {
    case 'capturing': {
      const { engine, version, filter } = state.ready;
      logger.info(
        `capturing on ${device} with ${engine} (${version})${filter ? `, filter "${filter}"` : ''}`,
      );
      break;
    }
    case 'waiting':
      logger.warn(`${state.message}; trying again until it works`);
      break;
    case 'failed':
      logger.error(state.message);
      break;
    case 'stopped':
      logger.debug(`capture on ${device} stopped`);
  }
}

/** The line with which spamlogd(8) begins. */
export function listeningLine(device: string, settings: Settings): string {
  const where = settings.interface ?? 'all interfaces.';
  return `Listening on ${device} for ${where} ${settings['inbound-only'] ? 'Inbound direction only.' : ''}`.trimEnd();
}
