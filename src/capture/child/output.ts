// Bytes to a descriptor that may not take them: what waits is kept here, and can be sent without the event loop, to
// which the engines do not return while there are packets.

import { writeSync } from 'node:fs';

/** How soon a reader that left no room is tried again. */
const RETRY_MILLISECONDS = 1;

const NOTHING = new Uint8Array(0);

/** So many written chunks are forgotten at once. */
const FORGET_CHUNKS = 4096;

/** Writes some of the bytes; gives how many. Throws EAGAIN when there is no room. */
export type WriteSome = (bytes: Uint8Array, offset: number) => number;

/** Writes to a descriptor that is in non-blocking mode. */
export class Output {
  readonly #write: WriteSome;
  readonly #onError: (error: Error) => void;
  readonly #chunks: Uint8Array[] = [];
  /** The first chunk that was not written whole, and how many of its bytes were. */
  #first = 0;
  #offset = 0;
  #waiting = 0;
  #retry: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #hasFailed = false;

  /** @param onError called once, when nobody can read any more; nothing is kept from then on */
  constructor(fd: number, onError: (error: Error) => void, write?: WriteSome) {
    this.#write = write ?? ((bytes, offset) => writeSync(fd, bytes, offset));
    this.#onError = onError;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Sends the bytes, or keeps a copy where there is no room for all of them: they may change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#hasFailed) return;
    this.#chunks.push(bytes);
    this.#waiting += bytes.length;
    this.#send();
    if (this.#waiting > 0) this.#chunks[this.#chunks.length - 1] = new Uint8Array(bytes);
  }

  /** Fulfilled when nothing waits. */
  drain(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve();
    return new Promise(resolve => {
      this.#onEmpty = resolve;
    });
  }

  #send(): void {
    try {
      for (let chunk = this.#chunks[this.#first]; chunk !== undefined; chunk = this.#chunks[this.#first]) {
        const written = this.#write(chunk, this.#offset);
        this.#waiting -= written;
        this.#offset += written;
        if (this.#offset === chunk.length) this.#forgetFirst();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined;
          this.#send();
        }, RETRY_MILLISECONDS);
        return;
      }
      this.#hasFailed = true;
      this.#chunks.length = 0;
      this.#first = 0;
      this.#waiting = 0;
      this.#onError(error as Error);
    }
    this.#onEmpty?.();
  }
  /** Thousands of chunks may wait: shifting the array each time would take longer than writing them. */
  #forgetFirst(): void {
    this.#offset = 0;
    this.#chunks[this.#first++] = NOTHING;
    if (this.#first < this.#chunks.length && this.#first < FORGET_CHUNKS) return;
    this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }
}
