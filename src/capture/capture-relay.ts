// Capture sessions over one pipe, from the process that owns the capture to the one that reads it: the streams' bytes
// unread, between marks of where each begins and ends.

import { Readable, type Writable } from 'node:stream';
import type { ReadyMessage } from './capture-messages.js';
import type { CaptureSession } from './capture-supervisor.js';

/** A frame: one of these, the payload's length as four bytes (big-endian), the payload. */
const FRAME = { begin: 1, data: 2, end: 3 } as const;
const HEADER_BYTES = 5;

/** No frame of ours is longer: a longer one means that the pipe holds something else. */
const PAYLOAD_LIMIT = 16 * 1024 * 1024;

/** Writes sessions to a pipe, one after another, waiting for its reader. */
export class RelayWriter {
  readonly #output: Writable;
  #last: Promise<void> = Promise.resolve();
  #onRoom: (() => void) | undefined;

  constructor(output: Writable) {
    this.#output = output;
    for (const event of ['drain', 'close']) output.on(event, () => this.#onRoom?.());
  }

  /** Relays a session; fulfilled when all of it was written, rejected when the pipe's other end is gone. */
  relay(session: CaptureSession): Promise<void> {
    this.#last = this.#last.then(() => this.#relay(session));
    return this.#last;
  }

  async #relay({ ready, stream }: CaptureSession): Promise<void> {
    await this.#write(FRAME.begin, Buffer.from(JSON.stringify(ready)));
    try {
      for await (const chunk of stream) await this.#write(FRAME.data, chunk as Buffer);
    } catch (error) {
      // A stream that broke is a session that ended.
      if (this.#output.destroyed) throw error;
    }
    await this.#write(FRAME.end, Buffer.alloc(0));
  }

  async #write(type: number, payload: Buffer): Promise<void> {
    const output = this.#output;
    if (output.destroyed) throw new Error('Cannot relay the capture: nobody reads it');
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(type);
    header.writeUInt32BE(payload.length, 1);
    output.cork();
    output.write(header);
    const hasRoom = output.write(payload);
    output.uncork();
    if (hasRoom || output.destroyed) return;
    await new Promise<void>(resolve => {
      this.#onRoom = resolve;
    });
  }
}

/**
 * Gives the sessions that a {@link RelayWriter} writes to the other end of the pipe. What a session's reader does not
 * take holds up the pipe; a stream that its reader destroys is passed over.
 *
 * @returns when the pipe has ended
 * @throws Error when it holds anything else
 */
export async function readRelay(
  input: Readable,
  onSession: (session: CaptureSession) => void,
): Promise<void> {
  const reader = new RelayReader(onSession);
  try {
    for await (const chunk of input) await reader.take(chunk as Buffer);
  } finally {
    reader.end();
  }
}

class RelayReader {
  readonly #onSession: (session: CaptureSession) => void;
  /** What has come of a header, or of a payload that is needed as a whole. */
  #gathered: Buffer = Buffer.alloc(0);
  #header: { type: number; length: number } | undefined;
  #stream: RelayedStream | undefined;

  constructor(onSession: (session: CaptureSession) => void) {
    this.#onSession = onSession;
  }

  async take(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 || this.#header?.length === 0) {
      if (this.#header?.type === FRAME.data) rest = await this.#takeData(this.#header, rest);
      else rest = this.#gather(rest);
    }
  }

  end(): void {
    this.#stream?.push(null);
    this.#stream = undefined;
  }

  /** A stream's bytes are passed on as they come. */
  async #takeData(header: { type: number; length: number }, bytes: Buffer): Promise<Buffer> {
    const data = bytes.subarray(0, header.length);
    header.length -= data.length;
    if (header.length === 0) this.#header = undefined;
    await this.#stream?.put(data);
    return bytes.subarray(data.length);
  }

  #gather(bytes: Buffer): Buffer {
    const wanted = (this.#header?.length ?? HEADER_BYTES) - this.#gathered.length;
    const part = bytes.subarray(0, wanted);
    this.#gathered = Buffer.concat([this.#gathered, part]);
    if (part.length === wanted) {
      const whole = this.#gathered;
      this.#gathered = Buffer.alloc(0);
      if (this.#header) this.#takePayload(this.#header.type, whole);
      else this.#takeHeader(whole.readUInt8(), whole.readUInt32BE(1));
    }
    return bytes.subarray(part.length);
  }

  #takeHeader(type: number, length: number): void {
    const isExpected = this.#stream ? type === FRAME.data || type === FRAME.end : type === FRAME.begin;
    if (!isExpected || length > PAYLOAD_LIMIT) {
      throw new Error(`Cannot read the capture's pipe: unexpected frame of type ${type} and ${length} bytes`);
    }
    this.#header = { type, length };
  }

  #takePayload(type: number, payload: Buffer): void {
    this.#header = undefined;
    if (type === FRAME.end) {
      this.end();
    } else {
      this.#stream = new RelayedStream();
      this.#onSession({ ready: JSON.parse(payload.toString()) as ReadyMessage, stream: this.#stream });
    }
  }
}

/** A stream that is fed from outside, as fast as it is read. */
class RelayedStream extends Readable {
  #resume: (() => void) | undefined;

  /** Fulfilled when there is room for more. */
  put(bytes: Buffer): Promise<void> {
    if (this.destroyed || this.push(bytes)) return Promise.resolve();
    return new Promise(resolve => {
      this.#resume = resolve;
    });
  }

  override _read(): void {
    this.#resume?.();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#resume?.();
    done(error);
  }
}
