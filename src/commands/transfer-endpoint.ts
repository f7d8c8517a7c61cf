// Where records come from and go to in `import` and `export`: databases, and spamdb(8)'s text.

import {
  accessSync,
  type BigIntStats,
  closeSync,
  constants,
  createReadStream,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { openDatabase } from '../daemon/open-database.js';
import { type DatabaseName, parseDatabase } from '../options/database.js';
import { findKind } from '../options/find-kind.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import { type Store, StoreError, type StoreRecord } from '../store/store.js';
import { readSpamdb } from '../store/transfer.js';

/** Lines that are no records are told so many of; the rest is counted. */
const TOLD_LINES = 20;

/** An open source of records. */
export interface Source {
  readonly records: AsyncIterable<StoreRecord>;
  /** Lines that were no records, and records that are damaged, so far. */
  readonly unreadable: () => number;
  readonly close: () => Promise<void>;
}

/** A database as a source; `leaveOut` counts one more record that cannot be used as it is. */
export interface DatabaseSource extends Source {
  readonly leaveOut: () => void;
}

/** The records of a database. @throws {StoreError} */
export async function databaseSource(
  settings: Settings,
  now: number,
  warn: (line: string) => void,
): Promise<DatabaseSource> {
  let unreadable = 0;
  const leaveOut = (): void => {
    unreadable++;
  };
  const store: Store = await openDatabase(settings, { isReadOnly: true }, { warn, onUnreadable: leaveOut });
  const { status } = settings;
  return {
    records: store.list({
      now,
      sort: 'database',
      whiteexpSeconds: settings.whiteexp * 3600,
      ...(status.length > 0 && { status: new Set(status) }),
    }),
    unreadable: () => unreadable,
    leaveOut,
    close: () => store.close(),
  };
}

/** The records of spamdb(8)'s text, in a file or, as `-`, on standard input. @throws {StoreError} */
export function textSource(file: string, warn: (line: string) => void): Source {
  if (file !== '-') checkFile(file);
  const input = file === '-' ? process.stdin : createReadStream(file);
  let unreadable = 0;
  const onProblem = (line: number, problem: string): void => {
    unreadable++;
    if (unreadable <= TOLD_LINES) warn(`"${file}" line ${line}: ${problem}`);
    if (unreadable === TOLD_LINES) warn('further such lines are counted only');
  };
  return {
    records: readSpamdb(input as AsyncIterable<Uint8Array>, onProblem),
    unreadable: () => unreadable,
    close: async () => void input.destroy(),
  };
}

function checkFile(file: string): void {
  try {
    accessSync(file, constants.R_OK);
    const stats = statSync(file);
    if (stats.isFile() && isBinary(file))
      throw new StoreError('not-ours', `Cannot read "${file}": it is neither a database nor text`);
    if (!stats.isDirectory()) return;
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'EACCES')
      throw new StoreError('permission', `Cannot read "${file}": permission denied`, { cause });
    throw new StoreError('missing', `Cannot read "${file}": no such file`, { cause });
  }
  throw new StoreError('missing', `Cannot read "${file}": it is a folder`);
}

/** Bytes in which a file that is no text shows it. */
const HEAD_BYTES = 4096;

const RECORD = /^(WHITE|TRAPPED|GREY|SPAMTRAP)\|/;

/** Whether a file begins like a capture or an archive, with a NUL, and not with a record. */
function isBinary(file: string): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(file, 'r');
  try {
    const bytes = head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
    return bytes.includes(0) && !RECORD.test(bytes.toString('latin1'));
  } finally {
    closeSync(fd);
  }
}

/** The database that an operand names, by its prefix or its content; undefined for text. @throws {UsageError} */
export function databaseNamed(operand: string): DatabaseName | undefined {
  if (operand === '-') return undefined;
  const parsed = parseDatabase(operand);
  if ('expected' in parsed)
    throw new UsageError(`"${operand}" is not ${parsed.expected}, a file of text, or -`);
  const { kind, path } = parsed.value;
  if (operand !== path) return { kind, path };
  const found = findKind(path);
  return found && { kind: found, path };
}

/** Whether two paths lead to one file that is there, by whatever names. */
export function isSameFile(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    const [one, other] = [a, b].map(path => statSync(path, { bigint: true })) as [BigIntStats, BigIntStats];
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    // What is not there, or cannot be reached, is for whoever opens it to tell.
    return false;
  }
}
