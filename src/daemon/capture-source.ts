// Where the live records come from: a capture process, or a pcap stream that somebody else writes.

import { constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { parseDevice } from '../capture/capture-device.js';
import { chooseEngines, type EngineChoice } from '../capture/capture-engines.js';
import type { CaptureAccount, ReadyMessage } from '../capture/capture-messages.js';
import type { CaptureState } from '../capture/capture-state.js';
import { type CaptureSession, CaptureSupervisor, type CaptureTotals } from '../capture/capture-supervisor.js';

/** What is told of a source. */
export interface SourceReports {
  readonly onSession: (session: CaptureSession) => void;
  readonly onState: (state: CaptureState) => void;
  /** The stream has ended and there will be no other. */
  readonly onEnd: () => void;
}

/** A source of sessions. */
export interface CaptureSource {
  readonly totals: CaptureTotals;
  readonly state: CaptureState | undefined;
  readonly pid: number | undefined;
  start(): void;
  /** Lets what was captured be delivered, and ends it. */
  stop(): Promise<void>;
}

/** What a source is made with. */
export interface SourceOptions {
  readonly device: string;
  readonly engine: EngineChoice;
  readonly ports: readonly number[];
  readonly account?: CaptureAccount;
}

/**
 * The source that `-l` names.
 * @throws Error when it cannot be one, or no engine is installed
 */
export function openSource(options: SourceOptions, reports: SourceReports): CaptureSource {
  const { device, engine, ports, account } = options;
  if (device === '-' || device.includes('/')) return new StreamSource(device, reports);
  return new CaptureSupervisor({
    device: parseDevice(device),
    engines: chooseEngines(engine),
    ports,
    ...(account && { account }),
    onSession: reports.onSession,
    onState: reports.onState,
  });
}

const NOTHING: CaptureTotals = { received: null, droppedKernel: null, droppedQueue: 0, restarts: 0 };

/** What a stream of somebody else's is called where an engine would be. */
const READY: ReadyMessage = {
  type: 'ready',
  engine: 'stream',
  version: 'written by another program',
  linkType: null,
  filter: '',
  uid: null,
  gid: null,
};

/** A pcap stream from standard input, a file or a FIFO. A FIFO is opened again for the next writer. */
class StreamSource implements CaptureSource {
  readonly totals = NOTHING;
  readonly pid = undefined;
  state: CaptureState | undefined;
  readonly #path: string;
  readonly #reports: SourceReports;
  #stream: Readable | undefined;
  #isStopped = false;

  constructor(path: string, reports: SourceReports) {
    this.#path = path;
    this.#reports = reports;
  }

  start(): void {
    const isStdin = this.#path === '-';
    try {
      const descriptor = isStdin ? 0 : openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      const isFifo = !isStdin && fstatSync(descriptor).isFIFO();
      this.#open(isStdin ? process.stdin : openStream(this.#path, descriptor, isFifo), isFifo);
    } catch (error) {
      const message = `Cannot read "${this.#path}": ${(error as Error).message}`;
      this.#setState({ kind: 'failed', code: 'missing', message });
    }
  }

  #open(stream: Readable, isFifo: boolean): void {
    this.#stream = stream;
    stream.once('close', () => {
      if (this.#isStopped) return;
      if (isFifo) this.start();
      else this.#reports.onEnd();
    });
    this.#setState({ kind: 'capturing', ready: READY });
    this.#reports.onSession({ ready: READY, stream });
  }

  #setState(state: CaptureState): void {
    const isSame = this.state?.kind === state.kind;
    this.state = state;
    if (!isSame) this.#reports.onState(state);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stream?.destroy();
    this.#setState({ kind: 'stopped' });
  }
}

function openStream(path: string, descriptor: number, isFifo: boolean): Readable {
  return isFifo
    ? new Socket({ fd: descriptor, writable: false })
    : createReadStream(path, { fd: descriptor });
}
