// Lines for a descriptor whose reader may be slow, or stand still: they wait for it, and the process does not.

import { fstatSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openWriteNow, type WriteNow } from '../system/write-now.js';

/** What Linux writes to a pipe as a whole or not at all (PIPE_BUF): lines of processes that share one stay whole. */
const PIPE_BYTES = 4096;

/** What is written at a time elsewhere. Linux writes as much to a unix socket as a whole. */
const PIECE_BYTES = 16_384;

/** How soon a reader that takes nothing is tried again. */
const RETRY_MS = 20;

/** When the process ends: how long a reader that takes nothing is waited for, and one that takes something. */
const STALLED_MS = 1000;
const SLOW_MS = 5000;

/** Writes to a descriptor, in the order of the calls. */
export class DescriptorWriter {
  readonly #writeNow: WriteNow;
  readonly #maximumBytes: number;
  readonly #pieceBytes: number;
  readonly #lines: Buffer[] = [];
  #waitingBytes = 0;
  /** The lines that are being written, or what is left of them. */
  #piece: Buffer | undefined;
  #pieceLines = 0;
  /** Whether what waits is going to be written anyhow. */
  #isDue = false;
  #taken = 0;
  #dropped = 0;
  #isClosed = false;

  /** @param maximumBytes how much waits before further lines are dropped */
  constructor(fd: number, maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
    this.#pieceBytes = fstatSync(fd).isFIFO() ? PIPE_BYTES : PIECE_BYTES;
    this.#writeNow = openWriteNow(fd);
    process.once('exit', () => this.closeNow());
  }

  /** Lines that were dropped, or refused by the system. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#isClosed) return;
    if (this.#waitingBytes + bytes.length > this.#maximumBytes) {
      this.#dropped++;
      return;
    }
    this.#lines.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#isDue) return;
    this.#isDue = true;
    // What else is said at this moment goes with it.
    setImmediate(() => this.#writeDue());
  }

  /** Writes what waits, if the reader takes it: one that takes nothing has a second. To be called last. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const _ of this.#patience()) {
      if (this.#writeWaiting()) return;
      await delay(RETRY_MS);
    }
  }

  /** As {@link close}, for the last moment of a process: when it returns, it is done. */
  closeNow(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const _ of this.#patience()) {
      if (this.#writeWaiting()) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }

  /** Goes on for as long as it makes sense to wait for the reader. */
  *#patience(): Generator<void> {
    const end = performance.now() + SLOW_MS;
    let stalledAt = 0;
    for (let taken = -1; ; ) {
      const now = performance.now();
      if (this.#taken > taken) stalledAt = now + STALLED_MS;
      taken = this.#taken;
      if (now > Math.min(end, stalledAt)) return;
      yield;
    }
  }

  #writeDue(): void {
    if (this.#isClosed) return;
    if (this.#writeWaiting()) this.#isDue = false;
    else setTimeout(() => this.#writeDue(), RETRY_MS);
  }

  /** Writes as much as the reader takes; whether that was all. */
  #writeWaiting(): boolean {
    for (;;) {
      this.#piece ??= this.#takePiece();
      if (this.#piece === undefined) return true;
      const taken = this.#offer(this.#piece);
      if (taken === 0) return false;
      this.#taken += taken;
      this.#waitingBytes -= taken;
      this.#piece = taken < this.#piece.length ? this.#piece.subarray(taken) : undefined;
    }
  }

  /** Nobody reads it any more, or a disk is full: that is no reason to stop working, and it is taken as read. */
  #offer(piece: Buffer): number {
    try {
      return this.#writeNow(piece);
    } catch {
      this.#dropped += this.#pieceLines;
      return piece.length;
    }
  }

  /** The next whole lines, at least one if there is any. */
  #takePiece(): Buffer | undefined {
    let bytes = 0;
    const end = this.#lines.findIndex((line, i) => {
      bytes += line.length;
      return i > 0 && bytes > this.#pieceBytes;
    });
    const lines = this.#lines.splice(0, end === -1 ? this.#lines.length : end);
    this.#pieceLines = lines.length;
    return lines.length === 0 ? undefined : Buffer.concat(lines);
  }
}
