// The record that a savefile parser stands on: where its bytes are and what the file says about it.

import type { SavefileProblem } from './savefile-problem.js';

/** Filled anew for every record, so that reading a record allocates nothing. */
export class RecordCursor {
  /** The buffer that holds the record, valid until the parser is fed again. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes under the same offsets, for reading wider numbers. */
  view: DataView = viewOf(this.bytes);
  /** First captured byte, and the one behind the last. */
  at = 0;
  end = 0;
  /** Length of the packet before it was cut to the snap length. */
  originalLength = 0;
  /** Time of capture: seconds since the epoch, and nanoseconds of the second. */
  seconds = 0;
  nanoseconds = 0;
  linkType = 0;
  /** Byte order of the file, or of the pcapng section. */
  isLittleEndian = true;
}

/** A view of exactly the bytes of an array. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What the parsers of the formats have in common: they are given a window of the file and step through its records. */
export interface RecordParser {
  /**
   * Steps to the next record inside the window, from `at` to before `end` of the cursor's bytes.
   * @returns where the next record begins; {@link NEED_MORE} when the window ends inside this one,
   * {@link STOPPED} when {@link problem} tells why no more can be read, {@link RESTART} when another file begins here
   */
  next(cursor: RecordCursor, at: number, end: number): number;
  /** Why {@link STOPPED} was returned. */
  readonly problem: SavefileProblem | undefined;
  /** Where the record or block begins that could not be read, when {@link next} gave no record. */
  readonly consumed: number;
}

export const NEED_MORE = -1;
export const STOPPED = -2;
export const RESTART = -3;

/** A record of more captured bytes than this is taken for corruption, as libpcap does. */
export const MAXIMUM_CAPTURED = 262_144;
