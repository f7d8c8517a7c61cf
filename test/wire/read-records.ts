// Steps through a capture file held in memory, for tests.

import { SavefileParser } from '../../src/wire/savefile-parser.js';
import type { SavefileProblem } from '../../src/wire/savefile-problem.js';

/** A record, with a copy of its bytes. */
export interface ReadRecord {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly linkType: number;
  readonly originalLength: number;
  readonly isLittleEndian: boolean;
  readonly bytes: string;
}

/** What a parser found. */
export interface ReadFile {
  readonly records: readonly ReadRecord[];
  readonly problem: SavefileProblem | undefined;
  readonly offset: number;
}

/** Takes all records that a parser can step to now. */
export function drain(parser: SavefileParser, records: ReadRecord[]): void {
  while (parser.next()) {
    const { seconds, nanoseconds, linkType, originalLength, isLittleEndian, bytes, at, end } = parser.cursor;
    const hex = Buffer.from(bytes.subarray(at, end)).toString('hex');
    records.push({ seconds, nanoseconds, linkType, originalLength, isLittleEndian, bytes: hex });
  }
}

/** Feeds the pieces of a file to a parser, and says that it ended. */
export function readPieces(pieces: Iterable<Uint8Array>): ReadFile {
  const parser = new SavefileParser();
  const records: ReadRecord[] = [];
  for (const piece of pieces) {
    parser.feed(piece);
    drain(parser, records);
  }
  parser.finish();
  return { records, problem: parser.problem, offset: parser.offset };
}

/** Reads a file in one piece. */
export function readWhole(bytes: Uint8Array): ReadFile {
  return readPieces([bytes]);
}
