// From the streams of a capture to the pipeline: one session after the other, each to its end.

import type { Logger } from 'pino';
import type { CaptureSession, Discard } from '../capture/capture-supervisor.js';
import { SavefileParser } from '../wire/savefile-parser.js';
import type { Pipeline } from './pipeline.js';
import { StreamComplaints } from './stream-complaints.js';

/** What a reader is made with. */
export interface SessionReaderOptions {
  readonly pipeline: Pipeline;
  readonly logger: Logger;
  /** Called before the first record of every session. */
  readonly onBegin: () => void;
  /** Told of a session whose stream cannot be used. */
  readonly onDiscard: (discard: Discard) => void;
}

/** One reader a daemon. */
export class SessionReader {
  readonly #options: SessionReaderOptions;
  #reading: Promise<void> = Promise.resolve();
  #sessions = 0;
  #lastPacket: number | null = null;
  #linkType: number | null = null;
  #isBroken = false;
  readonly #complaints = new StreamComplaints();

  constructor(options: SessionReaderOptions) {
    this.#options = options;
  }

  /** When the last packet came, in seconds since the epoch; null when none did. */
  get lastPacket(): number | null {
    return this.#lastPacket;
  }

  /** That of the latest stream which said one; null before that. */
  get linkType(): number | null {
    return this.#linkType;
  }

  /** Whether the stream of another program held something else than a capture; one of a FIFO's is passed over. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Reads a capture to its end; several in a row are read one after the other. */
  read(session: CaptureSession): void {
    const number = ++this.#sessions;
    this.#reading = this.#reading.then(() => this.#read(session, number));
  }

  /** Fulfilled when every session given to {@link read} was read to its end. */
  async finish(): Promise<void> {
    await this.#reading;
  }

  async #read({ ready, stream }: CaptureSession, session: number): Promise<void> {
    const { pipeline, logger, onBegin, onDiscard } = this.#options;
    onBegin();
    const parser = new SavefileParser();
    this.#isBroken = false;
    const earlier = pipeline.packets;
    try {
      for await (const chunk of stream) {
        parser.feed(chunk as Uint8Array);
        const before = pipeline.packets;
        pipeline.drain(parser);
        pipeline.flush();
        if (pipeline.packets > before) this.#lastPacket = Date.now() / 1000;
        if (parser.cursor.linkType !== 0) this.#linkType = parser.cursor.linkType;
        if (parser.problem !== undefined) break;
      }
    } catch (error) {
      logger.warn(`capture stream broke: ${(error as Error).message}`);
    }
    const isForeign = ready.engine === 'stream';
    if (isForeign) parser.finish();
    const { problem } = parser;
    if (problem === undefined) this.#complaints.forget();
    if (problem === undefined || problem.kind === 'empty') return;
    const isTruncated = problem.kind === 'truncated';
    const reason = isTruncated ? problem.message : `${problem.message} at byte ${parser.offset}`;
    if (isForeign && this.#complaints.isNew(problem.kind, reason, pipeline.packets > earlier)) {
      const line = `capture stream ${reason}`;
      if (isTruncated) logger.warn(line);
      else logger.error(line);
    }
    if (isTruncated) return;
    stream.destroy();
    this.#isBroken = isForeign && !ready.isFifo;
    if (problem.kind === 'link-type') onDiscard({ session, code: 'link-type', reason: problem.message });
    else onDiscard({ session, code: 'damaged', reason: `its stream is damaged: ${reason}` });
  }
}
