// Where the live records come from: a capture process, or a pcap stream that somebody else writes.

import { once } from 'node:events';
import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { finished, PassThrough, type Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { parseDevice } from '../capture/capture-device.js';
import { chooseEngines, type EngineChoice } from '../capture/capture-engines.js';
import {
  type CaptureAccount,
  type EndCode,
  EXIT_STATUS,
  type ReadyMessage,
} from '../capture/capture-messages.js';
import type { CaptureState } from '../capture/capture-state.js';
import {
  type CaptureSession,
  CaptureSupervisor,
  type CaptureTotals,
  type Discard,
} from '../capture/capture-supervisor.js';
import { refuseLinkType } from '../capture/link-types.js';

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
  /** Ends a session that is of no use; another follows it where one can be had. */
  discard(reason: Discard): void;
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
    refuseLinkType,
    onSession: reports.onSession,
    onState: reports.onState,
  });
}

/** The exit status of a daemon that cannot capture: what is read as a file is told from what is captured. */
export function failureStatus(code: EndCode): number {
  return code === 'missing' ? EXIT_STATUS.missing : 1;
}

/** How long a stream's writer has for its last words when we are told to stop. */
const LAST_WORDS_MS = 200;

/**
 * Between two pieces that are passed over, where they are large: a writer that never stops must not keep us busy. The
 * end of one that wrote little is seen at once, before another comes.
 */
const PASS_OVER_PAUSE_MS = 10;
const LARGE_PIECE_BYTES = 16_384;

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

/**
 * A pcap stream from standard input, a file or a FIFO. A FIFO is opened again for the next writer; opened before the one
 * at work has ended, it would begin in the midst of what that writes.
 */
class StreamSource implements CaptureSource {
  readonly totals = NOTHING;
  readonly pid = undefined;
  state: CaptureState | undefined;
  readonly #path: string;
  readonly #reports: SourceReports;
  #input: Readable | undefined;
  #session: PassThrough | undefined;
  #sessions = 0;
  /** Never read: while it is open, what a FIFO's next writer writes waits for us to open it again. */
  #keeper: number | undefined;
  #isStopped = false;

  constructor(path: string, reports: SourceReports) {
    this.#path = path;
    this.#reports = reports;
  }

  start(): void {
    const isStdin = this.#path === '-';
    try {
      const descriptor = isStdin ? 0 : openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = fstatSync(descriptor);
      if (stat.isDirectory()) {
        if (!isStdin) closeSync(descriptor);
        throw new Error('is a folder');
      }
      const isFifo = !isStdin && stat.isFIFO();
      if (isFifo) this.#keeper ??= openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      this.#open(isStdin ? process.stdin : openStream(this.#path, descriptor, isFifo), isFifo);
    } catch (error) {
      const message = `Cannot read "${this.#path}": ${(error as Error).message}`;
      this.#setState({ kind: 'failed', code: 'missing', message });
    }
  }

  #open(input: Readable, isFifo: boolean): void {
    const session = new PassThrough();
    this.#input = input;
    this.#session = session;
    this.#sessions++;
    // Standard input may end and not close.
    finished(input, { writable: false }, error => {
      if (error) session.destroy(error);
      if (this.#isStopped) return;
      if (isFifo) this.start();
      else this.#reports.onEnd();
    });
    // Its reader has had enough: it was no capture.
    session.once('close', () => {
      if (isFifo && !input.readableEnded) passOver(input.unpipe(session));
      else input.destroy();
    });
    input.pipe(session);
    const ready: ReadyMessage = isFifo ? { ...READY, isFifo } : READY;
    this.#setState({ kind: 'capturing', ready });
    this.#reports.onSession({ ready, stream: session });
  }

  /** Its reader, perhaps in another process, says by itself what is wrong with it. */
  discard({ session, code, reason }: Discard): void {
    if (session !== this.#sessions || this.#isStopped) return;
    this.#session?.destroy();
    if (this.#keeper === undefined) return;
    const message = `"${this.#path}" is passed over until its writer ends: ${reason}`;
    this.#setState({ kind: 'waiting', code, message, isTold: true });
  }

  #setState(state: CaptureState): void {
    const isSame = this.state?.kind === state.kind;
    this.state = state;
    if (!isSame) this.#reports.onState(state);
  }

  /** Whoever writes may have been told to end with us, and deliver what it has: that is waited for, a moment long. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const input = this.#input;
    if (input !== undefined && !input.readableEnded) {
      await Promise.race([once(input, 'end'), setTimeout(LAST_WORDS_MS)]);
      // What was read is delivered.
      input.unpipe();
      this.#session?.end();
      input.destroy();
    }
    if (this.#keeper !== undefined) closeSync(this.#keeper);
    this.#keeper = undefined;
    this.#setState({ kind: 'stopped' });
  }
}

function openStream(path: string, descriptor: number, isFifo: boolean): Readable {
  return isFifo
    ? new Socket({ fd: descriptor, writable: false })
    : createReadStream(path, { fd: descriptor });
}

/** Reads on to the end, for nothing. */
function passOver(input: Readable): void {
  input.on('data', (piece: Buffer) => {
    if (piece.length < LARGE_PIECE_BYTES) return;
    input.pause();
    void setTimeout(PASS_OVER_PAUSE_MS).then(() => input.resume());
  });
  input.resume();
}
