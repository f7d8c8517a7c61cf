// A progress bar on a terminal; nothing anywhere else.

import { formatBytes, formatDuration, formatNumber } from './format.js';

const INTERVAL_MS = 100;
const BAR_WIDTH = 24;
const COLUMNS = 80;

/** What is drawn to. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how far a long work has come: bytes, packets a second, time left. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: () => number;
  readonly #start: number;
  #drawn = Number.NEGATIVE_INFINITY;

  /** @param clock milliseconds of a clock that never goes back */
  constructor(terminal: Terminal, clock: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#start = clock();
  }

  /** Draws how many records were done and how fast, where nobody knows how many there are. */
  count(records: number): void {
    const seconds = this.#secondsIfDue();
    if (seconds === undefined) return;
    const rate = formatNumber(records / Math.max(seconds, 0.001));
    this.#draw(`${formatNumber(records)} records  ${rate} records/s`);
  }

  /** Draws the bar, not more often than is good to look at. `total` is undefined where nobody knows it. */
  update(bytes: number, total: number | undefined, packets: () => number): void {
    const seconds = this.#secondsIfDue();
    if (seconds === undefined) return;
    const rate = `${formatNumber(packets() / Math.max(seconds, 0.001))} packets/s`;
    const room = this.#room;
    const line =
      total === undefined || total === 0
        ? `${formatBytes(bytes)}  ${rate}`
        : barLine(
            bytes / total,
            `${formatBytes(bytes)} of ${formatBytes(total)}  ${rate}  ${timeLeft(bytes, total, seconds)}`,
            room,
          );
    this.#draw(line);
  }

  get #room(): number {
    return (this.#terminal.columns || COLUMNS) - 1;
  }

  /** Seconds since the start, when it is time to draw. */
  #secondsIfDue(): number | undefined {
    const now = this.#clock();
    if (!this.#terminal.isTTY || now - this.#drawn < INTERVAL_MS) return undefined;
    this.#drawn = now;
    return (now - this.#start) / 1000;
  }

  #draw(line: string): void {
    this.#terminal.write(`\r\x1b[K${line.slice(0, this.#room)}`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#terminal.isTTY && this.#drawn >= 0) this.#terminal.write('\r\x1b[K');
  }
}

/** The bar takes what room the figures leave. */
function barLine(fraction: number, figures: string, room: number): string {
  const done = Math.min(1, fraction);
  const text = `${String(Math.floor(done * 100)).padStart(3)} %  ${figures}`;
  const width = Math.max(0, Math.min(BAR_WIDTH, room - text.length - 1));
  const full = Math.round(done * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${text}`.trim();
}

function timeLeft(bytes: number, total: number, seconds: number): string {
  return bytes === 0 ? '' : `${formatDuration(Math.ceil((seconds * (total - bytes)) / bytes))} left`;
}
