// What a capture file is read through, whatever kind of file it is.

/** Bytes `start` to before `end` of `bytes`; the buffer is used again for the chunk after the next. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** An opened capture file. */
export interface ChunkSource {
  /** As messages name it: the path in quotes, or `standard input`. */
  readonly name: string;
  /** Size on disk in bytes; undefined for a pipe. */
  readonly size: number | undefined;
  /** Bytes read from the disk or pipe so far. */
  readonly position: number;
  /** The chunks in order. @throws {SavefileError} */
  chunks(): AsyncGenerator<Chunk, void, undefined>;
  /** Ends the reading, also while {@link chunks} waits; may be called twice. */
  close(): void;
}
