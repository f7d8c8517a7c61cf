// Captures compressed with gzip (RFC 1952), members in a row included. Node's own gunzip would not do: at damaged or
// foreign bytes it drops what it has inflated and not yet handed out.

import { once } from 'node:events';
import { crc32, createInflateRaw } from 'node:zlib';
import type { Chunk } from './chunk-source.js';
import { findNextMember, GzipInput, skipGzipHeader } from './gzip-input.js';
import { SavefileError } from './savefile-error.js';

const INFLATED_CHUNK_SIZE = 1 << 18;

/** Compressed bytes that zlib is given at a time: where it meets damage it drops what it made of them. */
const SLICE = 1 << 15;

/**
 * What the gzip data of a stream hold.
 * @param again reads the stream once more from its beginning, where that can be done: then not even the records right
 *   in front of damage are lost
 * @throws {SavefileError} when they end early, are damaged, or something else follows: all before that was given
 */
export async function* inflate(
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  again?: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<Chunk, void, undefined> {
  let given = 0;
  const input = new GzipInput(name, pieces);
  try {
    for await (const bytes of inflateMembers(input, Number.POSITIVE_INFINITY)) {
      given += bytes.length;
      yield { bytes, start: 0, end: bytes.length };
    }
  } catch (error) {
    if (again && (error as SavefileError).code === 'corrupt') {
      yield* remainder(new GzipInput(name, again()), input.offset, given);
    }
    throw error;
  }
}

/** What is inflated behind so many bytes, when from an offset on zlib is given one byte at a time. */
async function* remainder(input: GzipInput, offset: number, given: number): AsyncGenerator<Chunk> {
  let left = given;
  try {
    for await (const bytes of inflateMembers(input, offset)) {
      const start = Math.min(left, bytes.length);
      left -= start;
      if (start < bytes.length) yield { bytes, start, end: bytes.length };
    }
  } catch (error) {
    if (!(error instanceof SavefileError)) throw error;
  }
}

async function* inflateMembers(input: GzipInput, careful: number): AsyncGenerator<Uint8Array> {
  try {
    do {
      await skipGzipHeader(input);
      const sum = { crc: 0, length: 0 };
      for await (const bytes of inflateDeflated(input, careful)) {
        sum.crc = crc32(bytes, sum.crc);
        sum.length = (sum.length + bytes.length) >>> 0;
        yield bytes;
      }
      const trailer = Buffer.from(await input.take(8));
      if (trailer.readUInt32LE(0) !== sum.crc || trailer.readUInt32LE(4) !== sum.length)
        throw input.corrupt();
    } while (await findNextMember(input));
  } finally {
    await input.close();
  }
}

/** The data of one member (RFC 1951), to their own end. */
async function* inflateDeflated(input: GzipInput, careful: number): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: INFLATED_CHUNK_SIZE });
  let inflated: Uint8Array[] = [];
  let consumed = 0;
  inflater.on('data', (piece: Uint8Array) => inflated.push(piece));
  const end = once(inflater, 'end');
  end.catch(() => {});
  try {
    for (let isEnded = false; !isEnded; ) {
      const slice = await input.peek(Math.max(1, Math.min(SLICE, careful - input.offset)));
      if (slice === undefined) throw input.truncated();
      // Behind the end of the data it takes nothing, and never calls back.
      await Promise.race([new Promise<void>(resolve => inflater.write(slice, () => resolve())), end]);
      const taken = inflater.bytesWritten - consumed;
      consumed += taken;
      isEnded = taken < slice.length;
      if (isEnded) await end;
      input.skip(taken);
      yield* inflated;
      inflated = [];
    }
  } catch (cause) {
    yield* inflated;
    throw (cause as NodeJS.ErrnoException).code?.startsWith('Z_') ? input.corrupt(cause) : cause;
  } finally {
    inflater.destroy();
  }
}
