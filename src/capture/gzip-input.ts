// Compressed bytes as gzip's framing (RFC 1952) is read from them: a few at a time, or whatever has come.

import { SavefileError } from './savefile-error.js';

/** Bytes of a stream, and where in it they are. */
export class GzipInput {
  readonly name: string;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(name: string, pieces: AsyncIterable<Uint8Array>) {
    this.name = name;
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Where in the stream the next byte is. */
  get offset(): number {
    return this.#offset;
  }

  /** The next bytes, at least one and at most so many, without taking them; undefined at the end of the stream. */
  async peek(limit: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return undefined;
      this.#rest = value;
    }
    return this.#rest.subarray(0, limit);
  }

  /** Takes bytes that {@link peek} has shown. */
  skip(count: number): void {
    this.#rest = this.#rest.subarray(count);
    this.#offset += count;
  }

  /** Takes exactly so many bytes. @throws {SavefileError} when the stream ends before */
  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let have = 0; have < count; ) {
      const piece = await this.peek(count - have);
      if (piece === undefined) throw this.truncated();
      bytes.set(piece, have);
      this.skip(piece.length);
      have += piece.length;
    }
    return bytes;
  }

  /** The stream ends here, and should not. */
  truncated(): SavefileError {
    return new SavefileError(
      'truncated',
      `Capture ${this.name} ends inside its gzip data at byte ${this.#offset}`,
    );
  }

  /** What is here is no gzip data. */
  corrupt(cause?: unknown): SavefileError {
    return new SavefileError('corrupt', `Capture ${this.name} has damaged gzip data`, { cause });
  }

  /** Nothing more is read. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

const MAGIC = [0x1f, 0x8b] as const;
const DEFLATE = 8;
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** Steps over the header of a member. @throws {SavefileError} */
export async function skipGzipHeader(input: GzipInput): Promise<void> {
  const [first, second, method, flags = 0] = await input.take(10);
  if (first !== MAGIC[0] || second !== MAGIC[1] || method !== DEFLATE || flags & FLAG.reserved) {
    throw input.corrupt();
  }
  if (flags & FLAG.extra) {
    const [low = 0, high = 0] = await input.take(2);
    await input.take(low | (high << 8));
  }
  if (flags & FLAG.name) await skipText(input);
  if (flags & FLAG.comment) await skipText(input);
  if (flags & FLAG.headerCrc) await input.take(2);
}

async function skipText(input: GzipInput): Promise<void> {
  while ((await input.take(1))[0] !== 0);
}

/**
 * Whether another member follows. Zeros fill up a tape's block and are stepped over, as gzip(1) does.
 * @throws {SavefileError} `trailing` when something else follows
 */
export async function findNextMember(input: GzipInput): Promise<boolean> {
  for (;;) {
    const bytes = await input.peek(1);
    if (bytes === undefined) return false;
    if (bytes[0] === MAGIC[0]) return true;
    if (bytes[0] !== 0) {
      const what = `has other bytes behind its gzip data, at byte ${input.offset}`;
      throw new SavefileError('trailing', `Capture ${input.name} ${what}`);
    }
    input.skip(1);
  }
}
