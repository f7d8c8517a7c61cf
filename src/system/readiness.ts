// What a service manager is told of the daemon's state: the protocol of sd_notify(3).

import { loadAddon } from '../native/addon.js';

/** Tells the service manager. Nothing happens where there is none. */
export interface Readiness {
  /** Start-up is done. */
  ready(status?: string): void;
  /** The configuration is being read again; {@link reloaded} ends it. A part of start-up and of stopping, it is not told. */
  reloading(): void;
  reloaded(): void;
  stopping(): void;
  /** One line on what the daemon is doing, for `systemctl status`. */
  status(text: string): void;
}

/** What {@link openReadiness} needs from outside. */
export interface ReadinessOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** A datagram could not be sent, the first one since one could: worth a warning, no more. */
  readonly onError: (error: Error) => void;
}

/**
 * The service manager named by `NOTIFY_SOCKET`, which is taken out of the environment, since it is this process that is
 * the service and not those it starts.
 *
 * @throws Error when there is one and no native addon to tell it with: it would wait in vain.
 */
export function openReadiness(options: ReadinessOptions): Readiness {
  const { environment, onError } = options;
  const socket = environment['NOTIFY_SOCKET'];
  delete environment['NOTIFY_SOCKET'];
  const { sendDatagram } = socket
    ? loadAddon('systemd readiness (Type=notify)')
    : { sendDatagram: undefined };

  let isFailing = false;
  const send = (...assignments: string[]): void => {
    try {
      if (socket) sendDatagram?.(socket, assignments.join('\n'));
      isFailing = false;
    } catch (cause) {
      const text = `Cannot notify the service manager at "${socket}": ${(cause as Error).message}`;
      if (!isFailing) onError(new Error(text, { cause }));
      isFailing = true;
    }
  };
  let state: 'starting' | 'ready' | 'reloading' | 'stopping' = 'starting';
  return {
    ready: status => {
      state = 'ready';
      send('READY=1', ...(status === undefined ? [] : [statusLine(status)]));
    },
    reloading: () => {
      if (state !== 'ready') return;
      state = 'reloading';
      // The time, on CLOCK_MONOTONIC, lets systemd tell this reload from one it has heard of already.
      send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    },
    reloaded: () => {
      if (state !== 'reloading') return;
      state = 'ready';
      send('READY=1');
    },
    stopping: () => {
      state = 'stopping';
      send('STOPPING=1');
    },
    status: text => send(statusLine(text)),
  };
}

/** An assignment ends at the line's end, so that a status must not bring one of its own. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/[\r\n]+/g, ' ')}`;
}
