// Notices a capture process that is stopped or hangs: what watches within it for deafness stands still with it.

import type { CaptureProcess } from './capture-process.js';

/** Several looks in a row must find nothing: one that comes late, this process having stood still, proves nothing. */
const LOOK_MILLISECONDS = 5_000;
const SILENT_LOOKS = 7;

/** The silence that the looks prove, and at least as much has passed. */
export const SILENCE_SECONDS: number = (LOOK_MILLISECONDS * (SILENT_LOOKS - 1)) / 1000;

/** The timers of node:timers. */
export interface Timers {
  setTimeout(callback: () => void, milliseconds: number): NodeJS.Timeout;
  clearTimeout(timer: NodeJS.Timeout | undefined): void;
}

/** Watches one process after another. */
export class SilenceWatch {
  readonly #timers: Timers;
  #timer: NodeJS.Timeout | undefined;
  #silentLooks = 0;
  #bytesRead: number | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** @param onSilent called once, unless {@link SilenceWatch.stop} comes before */
  start(process: CaptureProcess, onSilent: () => void): void {
    if (!process.isReporting) return;
    this.#silentLooks = 0;
    this.#bytesRead = process.stream.bytesRead;
    const look = (): void => {
      this.#listen(process);
      if (this.#silentLooks === SILENT_LOOKS) onSilent();
      else this.#timer = this.#timers.setTimeout(look, LOOK_MILLISECONDS);
    };
    this.#timer = this.#timers.setTimeout(look, LOOK_MILLISECONDS);
  }

  /** The process has reported. */
  hear(): void {
    this.#silentLooks = 0;
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer);
  }

  /** An engine does not report while packets keep it busy. What waits for its reader may be what it waits for, too. */
  #listen({ stream }: CaptureProcess): void {
    const { bytesRead, readableLength } = stream;
    if (bytesRead !== this.#bytesRead || readableLength > 0) this.#silentLooks = 0;
    else this.#silentLooks++;
    this.#bytesRead = bytesRead;
  }
}
