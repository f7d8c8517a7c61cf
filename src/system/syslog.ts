// syslog(3) as a sink for log lines: never in the way of the event loop, and nothing lost silently.

import { type Addon, loadAddon } from '../native/addon.js';

/** Levels of syslog(3), most severe first; a level's number is its place. */
export const SYSLOG_LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

export type SyslogLevel = (typeof SYSLOG_LEVELS)[number];

/** LOG_DAEMON of syslog.h; the same number on every system. */
export const LOG_DAEMON: number = 3 << 3;

/** What {@link SyslogSink} is opened with. */
export interface SyslogOptions {
  /** What each line begins with: `spamlogd`. */
  readonly ident: string;
  readonly facility: number;
  /** How many lines wait for a slow syslogd before further ones are dropped. */
  readonly queueLines: number;
}

/**
 * The system's log. A process has one connection to it, so at most one sink is open at a time. What waits when the
 * process ends by itself or by process.exit() is still sent.
 */
export class SyslogSink {
  readonly #addon: Addon;
  #dropped = 0;
  #unreported = 0;

  /** @throws Error when the native addon is missing. */
  constructor(options: SyslogOptions) {
    this.#addon = loadAddon('syslog');
    this.#addon.openSyslog(options.ident, options.facility, options.queueLines);
  }

  /** Lines dropped since the start because syslogd did not keep up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Hands over a line. Where too many wait it is dropped and counted; the log then says how many are missing. */
  write(level: SyslogLevel, text: string): void {
    this.#reportDropped();
    if (this.#unreported === 0 && this.#send(level, text)) return;
    this.#dropped++;
    this.#unreported++;
  }

  /** Whether syslogd has every line within that time, for which it holds the event loop. */
  drain(milliseconds: number): boolean {
    this.#reportDropped();
    return this.#addon.drainSyslog(milliseconds);
  }

  /** Sends what waits and closes the connection. */
  close(): void {
    this.#reportDropped();
    this.#addon.closeSyslog();
  }

  #send(level: SyslogLevel, text: string): boolean {
    return this.#addon.writeSyslog(SYSLOG_LEVELS.indexOf(level), oneLine(text));
  }

  #reportDropped(): void {
    if (this.#unreported === 0) return;
    if (this.#send('warning', `${this.#unreported} log messages dropped: syslogd does not keep up`)) {
      this.#unreported = 0;
    }
  }
}

/** Control characters would end the line, or forge another one, in the log. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\0-\x1f\x7f]+/g, ' ');
}
