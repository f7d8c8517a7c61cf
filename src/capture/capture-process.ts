// A running capture, whichever program does it: what the supervisor sees of it.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CaptureCounts, EndMessage, ReadyMessage } from './capture-messages.js';

/** How a capture process reports. */
export interface CaptureReports {
  readonly onReady: (ready: ReadyMessage) => void;
  readonly onCounts: (counts: CaptureCounts) => void;
  /** The last report; the stream may still hold what was captured before. */
  readonly onEnd: (end: EndMessage) => void;
}

/** A stream that may tell how much of it has come, read or not. */
export type CaptureStream = Readable & { readonly bytesRead?: number };

/** A process that captures. */
export interface CaptureProcess {
  readonly pid: number | undefined;
  /** The pcap stream. It ends with the process, in the middle of a record when that was killed. */
  readonly stream: CaptureStream;
  /** Whether it reports every few seconds; where it cannot, its silence tells nothing. */
  readonly isReporting: boolean;
  /** Asks it to deliver what it has and to end. */
  stop(): void;
  /** Ends it at once, with whatever it started. */
  kill(): void;
}

/**
 * Starts a process, from which an 'error' may still come, as when there is no such program.
 * @throws Error when the system has no room for it: no memory, or no descriptors
 */
export function startProgram(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(file, args, options);
  // Node leaves it half made, and says why later.
  if (!child.stdio) {
    child.on('error', () => {});
    throw new Error(`cannot start ${file}: too many open files`);
  }
  return child;
}

const DEFAULT_PATH = '/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/usr/local/sbin';

/** The environment of a capture process: nothing that could change what it loads or how it words its errors. */
export function captureEnvironment(): { PATH: string; LC_ALL: string } {
  return { PATH: process.env['PATH'] ?? DEFAULT_PATH, LC_ALL: 'C' };
}

/** Kills a process group led by that process, if there is any of it left. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Why a process ended that could not say so itself. */
export function describeDeath(
  name: string,
  code: number | null,
  signal: NodeJS.Signals | null,
  lastLine: string,
): string {
  const how = signal === null ? `ended with status ${code}` : `was killed by ${signal}`;
  return `${name} ${how}${lastLine === '' ? '' : `: ${lastLine}`}`;
}
