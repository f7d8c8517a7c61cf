// Standard output for commands that may write a great deal: collected, and waited for when the reader is slow.

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { encodeText } from '../store/spamdb-text.js';

const ENOUGH = 1 << 16;

/** A surrogate without its other half. */
const STRAY = /\p{Surrogate}/u;

/** Standard output cannot be written to; the message is fit to be shown as it is. */
export class OutputError extends Error {
  constructor(cause: unknown) {
    super(`Cannot write to standard output: ${(cause as Error).message}`, { cause });
    this.name = 'OutputError';
  }
}

/** Collects text and hands it on in large pieces. */
export class Output {
  readonly #stream: Writable;
  #pending: string[] = [];
  #size = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Adds text; it is written by {@link flush}. */
  add(text: string): void {
    this.#pending.push(text);
    this.#size += text.length;
  }

  /** Adds a line, and writes when enough has come together. */
  async line(text: string): Promise<void> {
    this.add(`${text}\n`);
    if (this.#size >= ENOUGH) await this.flush();
  }

  /** Writes what was collected; settles when the stream takes more. @throws {OutputError} where a file cannot */
  async flush(): Promise<void> {
    if (this.#size === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#size = 0;
    if (!this.#write(text)) await once(this.#stream, 'drain');
  }

  #write(text: string): boolean {
    try {
      // Text out of spamd's database may stand for bytes that are no UTF-8.
      return this.#stream.write(STRAY.test(text) ? encodeText(text) : text);
    } catch (cause) {
      throw new OutputError(cause);
    }
  }
}
