// Packets as a pcap stream (pcap-savefile(5), microseconds, this host's byte order) on a socket or pipe that may not
// keep up: what waits is bounded, and what does not fit is counted.

import { endianness } from 'node:os';
import type { Output } from './output.js';

const FILE_HEADER_BYTES = 24;
/** Bytes of a record's header: seconds, microseconds, captured length, length. */
export const RECORD_HEADER_BYTES = 16;
const MAGIC = 0xa1b2c3d4;

/** Records are gathered up to this size within one turn of the event loop. */
const CHUNK_BYTES = 128 * 1024;

/** {@link PcapWriter}'s settings. */
export interface PcapWriterOptions {
  readonly linkType: number;
  /** Longer packets are cut. */
  readonly snapLength: number;
  /** Bytes that may wait for a reader that does not keep up. */
  readonly queueBytes: number;
}

/** Writes packets to a stream; what was appended in one turn of the event loop is sent at its end. */
export class PcapWriter {
  readonly #output: Output;
  readonly #options: PcapWriterOptions;
  readonly #isLittleEndian = endianness() === 'LE';
  /** The same memory all the time: this process makes so little other garbage that V8 would let a lot of it lie. */
  readonly #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  readonly #view = viewOf(this.#chunk);
  #used = 0;
  #isScheduled = false;
  #hasEnded = false;
  #received = 0;
  #dropped = 0;

  /** Writes the file header at once. */
  constructor(output: Output, options: PcapWriterOptions) {
    this.#output = output;
    this.#options = options;
    this.#putWord(0, MAGIC);
    // Version 2.4 as two half words.
    this.#view.setUint16(4, 2, this.#isLittleEndian);
    this.#view.setUint16(6, 4, this.#isLittleEndian);
    this.#putWord(8, 0);
    this.#putWord(12, 0);
    this.#putWord(16, options.snapLength);
    this.#putWord(20, options.linkType);
    this.#used = FILE_HEADER_BYTES;
    this.flush();
  }

  /** Packets appended, the dropped ones included. */
  get received(): number {
    return this.#received;
  }

  /** Packets dropped because too much waited already. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Appends a packet; its bytes may be overwritten afterwards. Nothing happens after {@link end}.
   *
   * @param capturedLength how many of the bytes are the packet's
   * @param length how long the packet was
   */
  append(
    seconds: number,
    microseconds: number,
    bytes: Uint8Array,
    capturedLength: number,
    length: number,
  ): void {
    if (this.#hasEnded) return;
    this.#received++;
    const kept = Math.min(capturedLength, this.#options.snapLength, bytes.length);
    if (this.#used + RECORD_HEADER_BYTES + kept > CHUNK_BYTES) this.flush();
    if (this.#output.waiting > this.#options.queueBytes) {
      this.#dropped++;
      return;
    }
    const at = this.#used;
    this.#putWord(at, seconds);
    this.#putWord(at + 4, microseconds);
    this.#putWord(at + 8, kept);
    this.#putWord(at + 12, length);
    this.#chunk.set(kept === bytes.length ? bytes : bytes.subarray(0, kept), at + RECORD_HEADER_BYTES);
    this.#used = at + RECORD_HEADER_BYTES + kept;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#used === 0) return;
    this.#output.write(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Takes no more packets and sends what was gathered; fulfilled when the reader has it all, or is gone. */
  end(): Promise<void> {
    this.#hasEnded = true;
    this.flush();
    return this.#output.drain();
  }

  #putWord(at: number, value: number): void {
    this.#view.setUint32(at, value, this.#isLittleEndian);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
