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

/** pino's levels as syslog's: the original logs its notices there, too. */
const SYSLOG_LEVEL: Readonly<Record<number, SyslogLevel>> = {
  20: 'debug',
  30: 'info',
  40: 'warning',
  50: 'err',
  60: 'crit',
};

/** Opens the log. @throws Error when syslog is asked for and the native addon is missing */
export function openLog({ format, level }: LogOptions): Log {
  const log = openFormat(format, level);
  // A defect is the end of the process: its reason must reach the log, and the lines before it.
  process.once('uncaughtExceptionMonitor', error => {
    log.logger.fatal(String(error?.stack ?? error).replace(/\n\s*/g, ' '));
    log.closeNow();
  });
  return log;
}

function openFormat(format: LogOptions['format'], level: LogOptions['level']): Log {
  const options = {
    name: IDENT,
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (format === 'syslog') {
    const sink = new SyslogSink({ ident: IDENT, facility: LOG_DAEMON, queueLines: SYSLOG_QUEUE_LINES });
    const write = (line: string): void => {
      const record = JSON.parse(line) as LogRecord;
      sink.write(SYSLOG_LEVEL[record.level] ?? 'info', record.msg ?? '');
    };
    return {
      logger: pino(options, { write }),
      dropped: () => sink.dropped,
      close: async () => sink.close(),
      closeNow: () => sink.close(),
    };
  }
  const writer = new DescriptorWriter(STDERR, MAXIMUM_WAITING);
  const write = (line: string): void =>
    writer.write(format === 'json' ? line : `${textLine(JSON.parse(line) as LogRecord)}\n`);
  return {
    logger: pino(options, { write }),
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
