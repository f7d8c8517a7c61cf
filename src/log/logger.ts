// The daemon's log: pino's JSON, the same as text, or syslog(3). A slow reader never holds the daemon up.

import { type Logger, pino } from 'pino';
import { LOG_DAEMON, type SyslogLevel, SyslogSink } from '../system/syslog.js';
import { DescriptorWriter } from './descriptor-writer.js';

/** Where to, and from which level on. */
export interface LogOptions {
  readonly format: 'syslog' | 'json' | 'text';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

/** A log, and how it ends. */
export interface Log {
  readonly logger: Logger;
  /** Logs at a level of syslog's that a {@link Logger} has not: what is normal and yet worth a notice. */
  notice(line: string): void;
  /** Lines lost because their reader did not keep up. */
  dropped(): number;
  /** Writes what waits, for as long as a reader takes it; to be called last. Never rejects. */
  close(): Promise<void>;
  /** The same for the last moment of a process: when it returns, it is done. */
  closeNow(): void;
}

const STDERR = 2;

/** Bytes that may wait for a slow reader of standard error. */
const MAXIMUM_WAITING = 1 << 20;

/** Lines that may wait for a slow syslogd. */
const SYSLOG_QUEUE_LINES = 10_000;

const IDENT = 'spamlogd';

/** Between pino's info and warn. */
const LEVELS = { notice: 35 } as const;

/** pino's levels as syslog's: what the original logs, too, has its priority. */
const SYSLOG_LEVEL: Readonly<Record<number, SyslogLevel>> = {
  20: 'debug',
  30: 'info',
  35: 'notice',
  40: 'warning',
  50: 'err',
  60: 'crit',
};

/** Where lines go. */
type Output = Pick<Log, 'dropped' | 'close' | 'closeNow'> & { readonly write: (line: string) => void };

/** Opens the log. @throws Error when syslog is asked for and the native addon is missing */
export function openLog({ format, level }: LogOptions): Log {
  const output = format === 'syslog' ? openSyslog() : openStandardError(format);
  const logger = pino(
    {
      name: IDENT,
      level,
      customLevels: LEVELS,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    output,
  );
  // A defect is the end of the process: its reason must reach the log, and the lines before it.
  process.once('uncaughtExceptionMonitor', error => {
    logger.fatal(String(error?.stack ?? error).replace(/\n\s*/g, ' '));
    output.closeNow();
  });
  // pino's types take a logger with a level more for another thing.
  return { ...output, logger: logger as unknown as Logger, notice: line => logger.notice(line) };
}

function openSyslog(): Output {
  const sink = new SyslogSink({ ident: IDENT, facility: LOG_DAEMON, queueLines: SYSLOG_QUEUE_LINES });
  return {
    write: line => {
      const { level, msg = '' } = JSON.parse(line) as LogRecord;
      sink.write(SYSLOG_LEVEL[level] ?? 'info', msg);
    },
    dropped: () => sink.dropped,
    close: async () => sink.close(),
    closeNow: () => sink.close(),
  };
}

function openStandardError(format: 'json' | 'text'): Output {
  const writer = new DescriptorWriter(STDERR, MAXIMUM_WAITING);
  return {
    write: line => writer.write(format === 'json' ? line : `${textLine(JSON.parse(line) as LogRecord)}\n`),
    dropped: () => writer.dropped,
    close: () => writer.close(),
    closeNow: () => writer.closeNow(),
  };
}

/** What pino makes of a log call. */
interface LogRecord {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  35: 'notice',
  40: 'warning',
  50: 'error',
  60: 'fatal',
};

/** A line for people: the time of day, the level, the message. */
function textLine({ level, time, msg = '' }: LogRecord): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would forge a line, or move the cursor
  const message = msg.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return `${time.slice(11, 23)} ${(LEVEL_NAMES[level] ?? String(level)).padEnd(7)} ${message}`;
}
