// Keeps a capture going: starts it, starts it again when it ended, and never gives up on a device that was there once.

import type { Readable } from 'node:stream';
import { startChild } from './capture-child.js';
import { readCondition } from './capture-condition.js';
import type { CaptureDevice } from './capture-device.js';
import type {
  CaptureAccount,
  CaptureCounts,
  EndCode,
  EndMessage,
  EngineName,
  ReadyMessage,
} from './capture-messages.js';
import type { CaptureProcess, CaptureReports } from './capture-process.js';
import { SILENCE_SECONDS, SilenceWatch, type Timers } from './capture-silence.js';
import type { CaptureState } from './capture-state.js';
import { startTcpdump } from './capture-tcpdump-process.js';

/** One capture process's stream. A restart makes another. */
export interface CaptureSession {
  readonly ready: ReadyMessage;
  /** A pcap stream, to be read to its end, which may come in the middle of a record. */
  readonly stream: Readable;
}

/** Counts over all capture processes so far. */
export interface CaptureTotals extends CaptureCounts {
  /** Capture processes that ended by themselves after they had begun to capture. */
  readonly restarts: number;
}

/** Why the reader of a session has no use for it. */
export interface Discard {
  /** Which session: the first one that was given away is 1. */
  readonly session: number;
  readonly code: Extract<EndCode, 'link-type' | 'damaged'>;
  /** A phrase: `link type 1 is not supported`. */
  readonly reason: string;
}

/** What {@link CaptureSupervisor} is made with. */
export interface SupervisorOptions {
  readonly device: CaptureDevice;
  /** In the order in which they are tried: the next one when one turns out not to load. */
  readonly engines: readonly [EngineName, ...EngineName[]];
  readonly ports: readonly number[];
  /** The user whom capture processes become; absent without privileges. */
  readonly account?: CaptureAccount;
  /** Why a stream of that link type is of no use: as a phrase, undefined where it is. Absent where any is. */
  readonly refuseLinkType?: (linkType: number) => string | undefined;
  readonly onSession: (session: CaptureSession) => void;
  /** Called when the state changes, and only then: once, however often it is tried again. */
  readonly onState: (state: CaptureState) => void;
  /** Stand in for the real ones in tests. */
  readonly startProcess?: (engine: EngineName, reports: CaptureReports) => CaptureProcess;
  readonly readCondition?: () => string;
  readonly timers?: Timers;
}

const FIRST_DELAY_MILLISECONDS = 100;
/** Longest wait for a device that cannot be opened. */
const OPEN_DELAY_MILLISECONDS = 30_000;
/** Longest wait after a capture that ended at once: the device is there, and each moment without it loses packets. */
const LOST_DELAY_MILLISECONDS = 1_000;

/** A capture that lasted this long begins anew with the first delay. */
const STEADY_MILLISECONDS = 1_000;

/** How often a device is looked at while it is waited for. */
const LOOK_MILLISECONDS = 500;

/** How long a capture process has to deliver what it has when it is told to stop. */
const STOP_MILLISECONDS = 10_000;

/** No change of the weather cures these; before the first capture they are fatal. */
const FATAL: ReadonlySet<EndCode> = new Set(['usage', 'engine', 'permission', 'privileges', 'link-type']);

/** Runs capture processes, one at a time. */
export class CaptureSupervisor {
  readonly #options: SupervisorOptions;
  readonly #timers: Timers;
  #engine = 0;
  #process: CaptureProcess | undefined;
  #state: CaptureState | undefined;
  #delay = FIRST_DELAY_MILLISECONDS;
  #timer: NodeJS.Timeout | undefined;
  #steadyTimer: NodeJS.Timeout | undefined;
  /** Sessions given away, and those of them that were not found to be of another link type. */
  #sessions = 0;
  #usefulSessions = 0;
  /** Why the process at work was ended. */
  #discarded: Pick<EndMessage, 'code' | 'message'> | undefined;
  #restarts = 0;
  /** Of the processes that have ended, and of the one at work. */
  #past: CaptureCounts = { received: null, droppedKernel: null, droppedQueue: 0 };
  #present: CaptureCounts = { received: null, droppedKernel: null, droppedQueue: 0 };
  #onStopped: (() => void) | undefined;
  readonly #silence: SilenceWatch;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timers = options.timers ?? { setTimeout, clearTimeout };
    this.#silence = new SilenceWatch(this.#timers);
  }

  /** The latest state; undefined until the first attempt has ended one way or the other. */
  get state(): CaptureState | undefined {
    return this.#state;
  }

  get totals(): CaptureTotals {
    return { restarts: this.#restarts, ...addCounts(this.#past, this.#present) };
  }

  /** Process id of the capture process at work. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    const engine = this.#options.engines[this.#engine]!;
    const reports: CaptureReports = {
      onReady: ready => this.#onReady(ready),
      onCounts: counts => {
        this.#silence.hear();
        this.#present = counts;
      },
      onEnd: end => this.#onEnd(end),
    };
    let started: CaptureProcess;
    try {
      started = this.#options.startProcess?.(engine, reports) ?? this.#startProcess(engine, reports);
    } catch (error) {
      // The system has no room for it: like the rest of the weather, that passes.
      const why = (error as Error).message;
      const message = `Cannot capture on "${this.#options.device.name}": ${why}`;
      this.#onEnd({ type: 'end', code: 'failed', message });
      return;
    }
    this.#process = started;
    const why = `it was not heard of for ${SILENCE_SECONDS} seconds, and killed`;
    this.#silence.start(started, () => this.#end('lost', why));
  }

  /**
   * Lets the capture process deliver what it has and ends it. Fulfilled when it has ended; its stream, which must be
   * read meanwhile, then holds the rest.
   */
  stop(): Promise<void> {
    this.#timers.clearTimeout(this.#timer);
    this.#silence.stop();
    const running = this.#process;
    if (!running) {
      this.#setState({ kind: 'stopped' });
      return Promise.resolve();
    }
    const stopped = new Promise<void>(resolve => {
      this.#onStopped = resolve;
    });
    this.#timer = this.#timers.setTimeout(() => running.kill(), STOP_MILLISECONDS);
    running.stop();
    return stopped;
  }

  #startProcess(engine: EngineName, reports: CaptureReports): CaptureProcess {
    const { device, ports, account } = this.#options;
    const common = { ports, ...(account && { account }) };
    return engine === 'tcpdump'
      ? startTcpdump({ device, ...common }, reports)
      : startChild({ engine, device: device.name, ...common }, reports);
  }

  /** Ends a session that its reader has no use for, if it still is at work; another follows it. */
  discard({ session, code, reason }: Discard): void {
    if (session !== this.#sessions || this.#state?.kind !== 'capturing') return;
    if (code === 'link-type') this.#usefulSessions--;
    this.#end(code, reason);
  }

  #end(code: EndCode, reason: string): void {
    const verb =
      this.#state?.kind === 'capturing' && code !== 'link-type' ? 'Lost capture' : 'Cannot capture';
    this.#discarded ??= { code, message: `${verb} on "${this.#options.device.name}": ${reason}` };
    this.#process?.kill();
  }

  #onReady(ready: ReadyMessage): void {
    this.#silence.hear();
    const refusal = ready.linkType === null ? undefined : this.#options.refuseLinkType?.(ready.linkType);
    if (refusal !== undefined) {
      this.#end('link-type', refusal);
      return;
    }
    this.#sessions++;
    this.#usefulSessions++;
    this.#steadyTimer = this.#timers.setTimeout(() => {
      this.#delay = FIRST_DELAY_MILLISECONDS;
    }, STEADY_MILLISECONDS);
    this.#options.onSession({ ready, stream: this.#process!.stream });
    this.#setState({ kind: 'capturing', ready });
  }

  #onEnd(end: EndMessage): void {
    const { code, message } = this.#discarded ?? end;
    this.#discarded = undefined;
    this.#timers.clearTimeout(this.#steadyTimer);
    this.#timers.clearTimeout(this.#timer);
    this.#silence.stop();
    this.#process = undefined;
    this.#past = addCounts(this.#past, this.#present);
    this.#present = { received: null, droppedKernel: null, droppedQueue: 0 };
    if (this.#onStopped) {
      this.#setState({ kind: 'stopped' });
      this.#onStopped();
      return;
    }
    const wasCapturing = this.#state?.kind === 'capturing';
    if (wasCapturing) this.#restarts++;
    if (code === 'engine' && this.#engine + 1 < this.#options.engines.length) {
      this.#engine++;
      this.start();
    } else if (FATAL.has(code) && this.#usefulSessions === 0) {
      this.#setState({ kind: 'failed', code, message });
    } else {
      this.#setState({ kind: 'waiting', code, message });
      const isThere = wasCapturing && code !== 'damaged';
      const longest = isThere ? LOST_DELAY_MILLISECONDS : OPEN_DELAY_MILLISECONDS;
      const delay = Math.min(this.#delay, longest);
      this.#wait(delay, this.#readCondition());
      this.#delay = Math.min(2 * delay, longest);
    }
  }

  /** Starts again after that time, or as soon as the device has changed. */
  #wait(milliseconds: number, condition: string): void {
    const step = Math.min(milliseconds, LOOK_MILLISECONDS);
    this.#timer = this.#timers.setTimeout(() => {
      if (step === milliseconds || this.#readCondition() !== condition) this.start();
      else this.#wait(milliseconds - step, condition);
    }, step);
  }

  #readCondition(): string {
    return this.#options.readCondition?.() ?? readCondition(this.#options.device);
  }

  #setState(state: CaptureState): void {
    const isSame = JSON.stringify(state) === JSON.stringify(this.#state);
    this.#state = state;
    if (!isSame) this.#options.onState(state);
  }
}

/** An unknown count adds nothing; two are unknown together. */
function addCounts(a: CaptureCounts, b: CaptureCounts): CaptureCounts {
  const add = (x: number | null, y: number | null): number | null =>
    x === null && y === null ? null : (x ?? 0) + (y ?? 0);
  return {
    received: add(a.received, b.received),
    droppedKernel: add(a.droppedKernel, b.droppedKernel),
    droppedQueue: a.droppedQueue + b.droppedQueue,
  };
}
