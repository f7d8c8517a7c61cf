// Recorded captures: steps through the records of a file, and puts several files in the order of their time.

import type { RecordCursor } from '../wire/record-cursor.js';
import { SavefileParser } from '../wire/savefile-parser.js';
import type { SavefileProblem } from '../wire/savefile-problem.js';
import type { ChunkSource } from './chunk-source.js';
import { isStream, openChunks } from './chunks.js';
import { SavefileError } from './savefile-error.js';

/** Takes in records: one by one, or all that have come in one go. */
export type RecordHook =
  /** Called for every record; the cursor and its bytes are valid during the call only. */
  | { readonly onRecord: (cursor: RecordCursor) => void }
  /** Called with the parser, to be stepped with its `next` until that says false. */
  | { readonly onRecords: (parser: SavefileParser) => void };

/** What to do while a capture file is read. */
export type ScanHooks = RecordHook & ScanControl;

/** How the reading of a capture file goes. */
export interface ScanControl {
  /** Called between chunks, with the bytes read so far and the file's size; a promise is waited for. */
  readonly onProgress?: (position: number, size: number | undefined) => Promise<void> | undefined;
  /** Ends the reading between two chunks. */
  readonly signal?: AbortSignal;
}

/**
 * Steps through all records of a capture file, `-` for standard input.
 * @throws {SavefileError} when the file cannot be opened, ends early or is damaged: all records before were given
 */
export async function scanSavefile(path: string, hooks: ScanHooks): Promise<void> {
  const { signal } = hooks;
  const source = await openChunks(path);
  const stop = (): void => source.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    // A signal given while the file was being opened tells no listener.
    if (!signal?.aborted) await scanChunks(source, hooks);
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    source.close();
  }
}

function oneByOne(onRecord: (cursor: RecordCursor) => void): (parser: SavefileParser) => void {
  return parser => {
    while (parser.next()) onRecord(parser.cursor);
  };
}

async function scanChunks(source: ChunkSource, hooks: ScanHooks): Promise<void> {
  const parser = new SavefileParser();
  const { onProgress, signal } = hooks;
  const takeRecords = 'onRecords' in hooks ? hooks.onRecords : oneByOne(hooks.onRecord);
  for await (const chunk of source.chunks()) {
    parser.feed(chunk.bytes, chunk.start, chunk.end);
    takeRecords(parser);
    if (parser.problem !== undefined || signal?.aborted) break;
    const wait = onProgress?.(source.position, source.size);
    if (wait !== undefined) await wait;
  }
  if (signal?.aborted) return;
  parser.finish();
  if (parser.problem !== undefined) throw problemError(source.name, parser.problem, parser.offset);
}

function problemError(name: string, problem: SavefileProblem, offset: number): SavefileError {
  const where = problem.kind === 'corrupt' ? ` at byte ${offset}` : '';
  const verb =
    problem.kind === 'corrupt' ? 'is damaged: ' : problem.kind === 'link-type' ? 'cannot be used: ' : '';
  return new SavefileError(problem.kind, `Capture ${name} ${verb}${problem.message}${where}`);
}

/** A record as a value of its own. */
export interface CapturedRecord {
  /** Time of capture: seconds since the epoch, and nanoseconds of the second. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly linkType: number;
  readonly originalLength: number;
  readonly isLittleEndian: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The records of a capture file one by one, each a copy that may be kept. For programs that would rather be simple
 * than fast; {@link scanSavefile} copies nothing.
 * @throws {SavefileError}
 */
export async function* readSavefile(path: string): AsyncGenerator<CapturedRecord, void, undefined> {
  const source = await openChunks(path);
  try {
    const parser = new SavefileParser();
    for await (const chunk of source.chunks()) {
      parser.feed(chunk.bytes, chunk.start, chunk.end);
      while (parser.next()) yield copyRecord(parser.cursor);
      if (parser.problem !== undefined) break;
    }
    parser.finish();
    if (parser.problem !== undefined) throw problemError(source.name, parser.problem, parser.offset);
  } finally {
    source.close();
  }
}

function copyRecord(cursor: RecordCursor): CapturedRecord {
  const { seconds, nanoseconds, linkType, originalLength, isLittleEndian } = cursor;
  const bytes = cursor.bytes.slice(cursor.at, cursor.end);
  return { seconds, nanoseconds, linkType, originalLength, isLittleEndian, bytes };
}

/**
 * The files in the order of their first records' times, so that rotated logs may be given in any order. Files with no
 * readable record come first; standard input and FIFOs come last, since they cannot be looked at twice.
 * @throws {SavefileError} when one of them cannot be opened
 */
export async function inTimeOrder(paths: readonly string[]): Promise<string[]> {
  if (paths.length < 2) return [...paths];
  const timed = [];
  for (const path of paths) timed.push({ path, time: await firstTime(path) });
  return timed.sort((a, b) => a.time - b.time).map(({ path }) => path);
}

async function firstTime(path: string): Promise<number> {
  if (isStream(path)) return Number.POSITIVE_INFINITY;
  const source = await openChunks(path);
  try {
    const parser = new SavefileParser();
    for await (const chunk of source.chunks()) {
      parser.feed(chunk.bytes, chunk.start, chunk.end);
      if (parser.next()) return parser.cursor.seconds + parser.cursor.nanoseconds / 1e9;
      if (parser.problem !== undefined) break;
    }
    return Number.NEGATIVE_INFINITY;
  } catch (error) {
    // What is wrong with its contents is told when the file is replayed.
    if (error instanceof SavefileError) return Number.NEGATIVE_INFINITY;
    throw error;
  } finally {
    source.close();
  }
}
