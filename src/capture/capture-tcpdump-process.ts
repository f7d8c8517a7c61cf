// Starts tcpdump(8), and reports of it what our own child would report of itself.

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { explainMissing } from './capture-engines.js';
import { explainFailure } from './capture-failure.js';
import { kernelFilter } from './capture-filter.js';
import { type Lifeline, openLifeline } from './capture-lifeline.js';
import type { EndMessage } from './capture-messages.js';
import { type NetlinkSocket, readNetlinkSockets } from './capture-nflog.js';
import {
  type CaptureProcess,
  type CaptureReports,
  captureEnvironment,
  describeDeath,
  killGroup,
  startProgram,
} from './capture-process.js';
import { countsSignal, readTcpdumpLine, type TcpdumpRequest, tcpdumpArguments } from './capture-tcpdump.js';

/** How often drops are asked for. */
const COUNTS_MILLISECONDS = 2_000;

/** How often, and at most how many times, the socket is looked at when tcpdump is to stop. */
const DRAIN_LOOK_MILLISECONDS = 20;
const DRAIN_LOOKS = 50;

/** Starts tcpdump. It ends when this process does, however that ends. */
export function startTcpdump(
  request: TcpdumpRequest,
  reports: CaptureReports,
  open: typeof openLifeline = openLifeline,
): CaptureProcess {
  return new TcpdumpProcess(request, reports, open);
}

class TcpdumpProcess implements CaptureProcess {
  readonly #request: TcpdumpRequest;
  readonly #reports: CaptureReports;
  readonly #child: ChildProcess;
  readonly #errors: string[] = [];
  #isReady = false;
  #isMissing = false;
  #isStopping = false;
  #isStillPrivileged = false;
  #drops: number | null = null;
  #countsTimer: NodeJS.Timeout | undefined;

  constructor(request: TcpdumpRequest, reports: CaptureReports, open: typeof openLifeline) {
    this.#request = request;
    this.#reports = reports;
    const onBroken = (reason: string): void => {
      this.#errors.push(reason);
      this.kill();
    };
    const lifeline: Lifeline = open({ account: request.account, onBroken });
    const child = this.#spawn(lifeline);
    this.#child = child;
    const lines = createInterface(child.stderr!);
    lines.on('line', line => this.#readLine(line));
    // Not 'close', which waits for the stream's reader; but all of standard error must have been read.
    const silent = new Promise<void>(resolve => lines.once('close', resolve));
    const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearInterval(this.#countsTimer);
      lifeline.release();
      killGroup(child.pid);
      void silent.then(() => reports.onEnd(this.#explainEnd(code, signal)));
    };
    child.once('exit', finish);
    child.once('error', error => {
      this.#isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      this.#errors.push(error.message);
      finish(null, null);
    });
  }

  /** The program, tied to us; where that cannot be had, none is left. */
  #spawn(lifeline: Lifeline): ChildProcess {
    let child: ChildProcess | undefined;
    try {
      child = startProgram('tcpdump', tcpdumpArguments(this.#request, process.platform), {
        detached: true,
        cwd: '/',
        env: captureEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe', lifeline.descriptor],
      });
      if (child.pid !== undefined) lifeline.bind(child.pid);
      return child;
    } catch (error) {
      killGroup(child?.pid);
      lifeline.release();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stream(): Readable {
    return this.#child.stdout!;
  }

  get isReporting(): boolean {
    return countsSignal(process.platform) !== undefined;
  }

  stop(): void {
    this.#isStopping = true;
    void this.#waitUntilRead().then(() => this.#child.kill('SIGTERM'));
  }

  /** tcpdump ends without reading what waits for it. Where that is to be seen, it is given the time to. */
  async #waitUntilRead(): Promise<void> {
    for (let looks = 0; looks < DRAIN_LOOKS; looks++) {
      if (!this.#findSocket()?.waiting) return;
      await setTimeout(DRAIN_LOOK_MILLISECONDS);
    }
  }

  #findSocket(): NetlinkSocket | undefined {
    if (this.#request.device.kind !== 'nflog') return undefined;
    return readNetlinkSockets().find(({ portId }) => portId === this.#child.pid);
  }

  kill(): void {
    killGroup(this.#child.pid);
  }

  #readLine(text: string): void {
    const line = readTcpdumpLine(text);
    if (line?.kind === 'listening') this.#begin(line.linkType);
    if (line?.kind === 'error') this.#errors.push(line.text);
    if (line?.kind === 'dropped') this.#reportDrops(line.packets);
  }

  #begin(linkType: number | null): void {
    const { device, ports, account } = this.#request;
    const ids = readIds(this.#child.pid!);
    if (account && ids && (ids.uid === 0 || ids.uid !== account.uid || ids.gid !== account.gid)) {
      this.#isStillPrivileged = true;
      this.kill();
      return;
    }
    this.#isReady = true;
    this.#countsTimer = setInterval(() => this.#askDrops(), COUNTS_MILLISECONDS).unref();
    this.#reports.onReady({
      type: 'ready',
      engine: 'tcpdump',
      version: 'tcpdump',
      linkType,
      filter: kernelFilter(device, ports),
      uid: ids?.uid ?? null,
      gid: ids?.gid ?? null,
    });
  }

  /** Its answer is also a sign of life. */
  #askDrops(): void {
    const signal = countsSignal(process.platform);
    if (signal !== undefined) this.#child.kill(signal);
  }

  /** On NFLOG what tcpdump says is wrong after the first overrun; when it ends its socket is gone. */
  #reportDrops(packets: number): void {
    if (this.#request.device.kind !== 'nflog') this.#drops = packets;
    else this.#drops = this.#findSocket()?.drops ?? this.#drops;
    this.#reports.onCounts({ received: null, droppedKernel: this.#drops, droppedQueue: 0 });
  }

  #explainEnd(code: number | null, signal: NodeJS.Signals | null): EndMessage {
    const { device, account } = this.#request;
    if (this.#isStillPrivileged) {
      const message = `Cannot capture on "${device.name}": tcpdump did not give up root for user "${account?.name}"`;
      return { type: 'end', code: 'privileges', message };
    }
    if (this.#isStopping && code === 0) return { type: 'end', code: 'stopped', message: 'told to stop' };
    if (this.#isMissing) return { type: 'end', code: 'engine', message: explainMissing('tcpdump') };
    const text = this.#errors.join(' ') || describeDeath('tcpdump', code, signal, '');
    if (!this.#isReady) {
      const error = explainFailure(device, text);
      return { type: 'end', code: error.code, message: error.message };
    }
    return { type: 'end', code: 'lost', message: `Lost capture on "${device.name}": ${text}` };
  }
}

/** Effective user and group of a process, where proc(5) tells. */
function readIds(pid: number): { uid: number; gid: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const id = (field: string): number =>
      Number(new RegExp(`^${field}:\\t\\d+\\t(\\d+)`, 'm').exec(status)?.[1]);
    return { uid: id('Uid'), gid: id('Gid') };
  } catch {
    return undefined;
  }
}
