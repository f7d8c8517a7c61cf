// Lines for a descriptor whose reader may be slow, or stand still: they wait for it, and the process does not.

import { fstatSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { exitAtOnce } from '../system/exit-at-once.js';

/** What Linux writes to a pipe as a whole or not at all (PIPE_BUF): lines of processes that share one stay whole. */
const PIPE_BYTES = 4096;

/** What is written at a time elsewhere. Linux writes as much to a unix socket as a whole. */
const PIECE_BYTES = 16_384;

/** How soon a reader that takes nothing is tried again. */
const RETRY_MS = 20;

/** When the process ends: how long a reader that takes nothing is waited for, and one that takes something. */
const STALLED_MS = 1000;
const SLOW_MS = 5000;

/** What a thread has begun to write is written in this time, or held up. */
const THREAD_MS = 20;

/** Writes on threads, since a descriptor that others share may at any time be one that blocks. */
export class DescriptorWriter {
  readonly #fd: number;
  readonly #maximumBytes: number;
  readonly #pieceBytes: number;
  #lines: Buffer[] = [];
  #waitingBytes = 0;
  /** The lines that are being written, or what is left of them. */
  #piece: Buffer | undefined;
  #pieceLines = 0;
  /** Whether a thread is at it. */
  #isWriting = false;
  #retry: NodeJS.Timeout | undefined;
  #written = 0;
  #dropped = 0;
  #isClosed = false;

  /** @param maximumBytes how much waits before further lines are dropped */
  constructor(fd: number, maximumBytes: number) {
    this.#fd = fd;
    this.#maximumBytes = maximumBytes;
    const kind = fstatSync(fd);
    // What a terminal takes at a time is less still.
    this.#pieceBytes = kind.isFIFO() || kind.isCharacterDevice() ? PIPE_BYTES : PIECE_BYTES;
    unblock(fd);
    process.once('exit', status => {
      this.closeNow();
      // The end of the process would wait for the thread.
      if (this.#isWriting) exitAtOnce(status);
    });
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
    if (this.#piece === undefined) this.#next();
  }

  /** Writes what waits, if the reader takes it: one that takes nothing has a second. To be called last. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    unblock(this.#fd);
    for await (const _ of this.#patience()) {
      if (this.#piece === undefined) break;
      await delay(RETRY_MS);
    }
    this.#giveUp();
  }

  /** As {@link close}, for the last moment of a process, which cannot wait. */
  closeNow(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    unblock(this.#fd);
    if (this.#isWriting) pause(THREAD_MS);
    // The thread's piece is the thread's. A terminal that holds it up would hold us up as well.
    const isHeldUp = this.#isWriting && isatty(this.#fd);
    let piece = this.#isWriting ? undefined : this.#piece;
    for (const _ of this.#patience()) {
      if (!piece?.length) piece = this.#take();
      if (piece === undefined || isHeldUp) break;
      piece = piece.subarray(this.#writeNow(piece));
    }
    this.#giveUp();
  }

  /** Goes on for as long as it makes sense to wait for the reader. */
  *#patience(): Generator<void> {
    const end = performance.now() + SLOW_MS;
    let stalledAt = 0;
    for (let written = -1; ; ) {
      const now = performance.now();
      if (this.#written > written) stalledAt = now + STALLED_MS;
      written = this.#written;
      if (now > Math.min(end, stalledAt)) return;
      yield;
    }
  }

  /** How much the reader took. */
  #writeNow(bytes: Buffer): number {
    try {
      const taken = writeSync(this.#fd, bytes);
      this.#written += taken;
      return taken;
    } catch (error) {
      if (!isFull(error)) return bytes.length;
      pause(RETRY_MS);
      return 0;
    }
  }

  #giveUp(): void {
    clearTimeout(this.#retry);
    this.#lines = [];
  }

  #next(): void {
    this.#piece = this.#take();
    this.#write();
  }

  /** The next whole lines, at least one if there is any. */
  #take(): Buffer | undefined {
    let bytes = 0;
    const end = this.#lines.findIndex((line, i) => {
      bytes += line.length;
      return i > 0 && bytes > this.#pieceBytes;
    });
    const lines = this.#lines.splice(0, end === -1 ? this.#lines.length : end);
    this.#pieceLines = lines.length;
    return lines.length === 0 ? undefined : Buffer.concat(lines);
  }

  #write(): void {
    const piece = this.#piece;
    if (piece === undefined) return;
    this.#isWriting = true;
    write(this.#fd, piece, (error, taken) => {
      this.#isWriting = false;
      if (isFull(error)) {
        this.#retry = setTimeout(() => this.#write(), RETRY_MS);
        return;
      }
      // Nobody reads it any more, or a disk is full: that is no reason to stop working.
      if (error) this.#dropped += this.#pieceLines;
      const bytes = error ? piece.length : taken;
      this.#written += bytes;
      this.#waitingBytes -= bytes;
      this.#piece = piece.subarray(bytes);
      if (bytes < piece.length) this.#write();
      else this.#next();
    });
  }
}

function isFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EAGAIN' || code === 'EWOULDBLOCK';
}

/**
 * This is how Node puts a descriptor into non-blocking mode; the socket itself is not written to. Processes that share
 * the descriptor undo it when they start or end. A terminal, which others use, stays as it is.
 */
function unblock(fd: number): void {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) new Socket({ fd, readable: false, writable: true }).unref();
}

/** Holds the process. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
