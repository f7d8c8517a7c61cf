// A capture file of any format as a stream: fed with pieces of it, steps through its records.

import {
  decodePcapFileHeader,
  PCAP_FILE_HEADER_SIZE,
  PcapParser,
  type PcapWindow,
  pcapByteOrder,
} from './pcap.js';
import { isPcapng, PcapngParser } from './pcapng.js';
import { NEED_MORE, RESTART, RecordCursor, viewOf } from './record-cursor.js';
import type { SavefileProblem } from './savefile-problem.js';

/**
 * Give it the file piece by piece with {@link feed}, and step with {@link next} until it says false; after the last
 * piece call {@link finish}. {@link problem} tells why no more records come, if it is not simply the end.
 */
export class SavefileParser {
  /** The record that {@link next} stepped to. */
  readonly cursor: RecordCursor = new RecordCursor();
  problem: SavefileProblem | undefined;
  #parser: PcapParser | PcapngParser | undefined;
  #at = 0;
  #end = 0;
  /** File offset of the window's byte 0; negative while the buffer has room in front. */
  #base = 0;

  /** Byte of the file up to which it has been read; where a problem is, the record or block it is in begins. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /**
   * Takes the next piece of the file, `bytes` from `start` to before `end`. What is left of the piece before is put
   * in front: into the same buffer where there is room before `start`, else into a new one.
   */
  feed(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    const left = this.#end - this.#at;
    const offset = this.offset;
    if (left > start) {
      const joined = new Uint8Array(left + end - start);
      joined.set(this.cursor.bytes.subarray(this.#at, this.#end));
      joined.set(bytes.subarray(start, end), left);
      this.#setWindow(joined, 0, joined.length, offset);
    } else {
      bytes.set(this.cursor.bytes.subarray(this.#at, this.#end), start - left);
      this.#setWindow(bytes, start - left, end, offset);
    }
  }

  #setWindow(bytes: Uint8Array, at: number, end: number, offset: number): void {
    this.cursor.bytes = bytes;
    this.cursor.view = viewOf(bytes);
    this.#at = at;
    this.#end = end;
    this.#base = offset - at;
  }

  /** Whether {@link cursor} stands on a further record; false when more of the file is needed, or none can be read. */
  next(): boolean {
    while (this.problem === undefined) {
      if (this.#parser === undefined && !this.#begin()) return false;
      const parser = this.#parser!;
      const next = parser.next(this.cursor, this.#at, this.#end);
      if (next >= 0) {
        this.#at = next;
        return true;
      }
      this.#at = parser.consumed;
      if (next === NEED_MORE) return false;
      if (next === RESTART) this.#parser = undefined;
      else this.problem = parser.problem;
    }
    return false;
  }

  /**
   * What has come of a classic pflog capture and was not read, for a loop that reads plain records by itself; undefined
   * for any other file. After it has moved the window's `at`, {@link resume} goes on behind.
   */
  plainWindow(): PcapWindow | undefined {
    const parser = this.#parser;
    if (!(parser instanceof PcapParser) || !parser.isPlainPflog) return undefined;
    const { bytes, view } = this.cursor;
    return { bytes, view, at: this.#at, end: this.#end, isLittleEndian: parser.isLittleEndian };
  }

  /** Goes on with the record that begins at the window's `at`. */
  resume(window: PcapWindow): void {
    this.#at = window.at;
  }

  /** Whether the format could be told; if not, more bytes are needed or {@link problem} is set. */
  #begin(): boolean {
    const left = this.#end - this.#at;
    if (left < 4) return false;
    if (isPcapng(this.cursor.bytes, this.#at)) {
      this.#parser = new PcapngParser();
      return true;
    }
    if (pcapByteOrder(this.cursor.bytes, this.#at) === undefined) {
      this.problem = { kind: 'format', message: 'is not a capture file (unknown file format)' };
      return false;
    }
    if (left < PCAP_FILE_HEADER_SIZE) return false;
    const parser = new PcapParser(decodePcapFileHeader(this.cursor.bytes, this.#at));
    this.problem = parser.problem;
    if (this.problem !== undefined) return false;
    this.#parser = parser;
    this.#at += PCAP_FILE_HEADER_SIZE;
    return true;
  }

  /** Says that the file has ended; bytes left over become a problem of kind `truncated`, none at all one of kind `empty`. */
  finish(): void {
    if (this.problem !== undefined) return;
    const left = this.#end - this.#at;
    const insideBlock = this.#parser instanceof PcapngParser ? this.#parser.insideBlock : 0;
    if (this.#parser !== undefined && left === 0 && insideBlock === 0) return;
    if (this.offset === 0 && left === 0) {
      this.problem = { kind: 'empty', message: 'is empty' };
      return;
    }
    const where = this.#parser ? 'a record' : 'the file header';
    const message = `ends inside ${where} that begins at byte ${this.offset - insideBlock}`;
    this.problem = { kind: 'truncated', message };
  }
}
