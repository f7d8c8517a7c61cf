// A tally of very many addresses, in parts small enough for the processor's caches.

import { Batch, type LogRule } from './batch.js';
import { SIGHTING_FIELD, WIDE as WIDE_BIT } from './sighting-block.js';
import { Tally } from './tally.js';

const WIDE = WIDE_BIT;
const { origin: ORIGIN, address: ADDRESS, stride: STRIDE, wideStride: WIDE_STRIDE } = SIGHTING_FIELD;

const PARTS = 32;
const PART_SHIFT = 27;

/** Room for the sightings that wait for their part's turn, and how full it is when they have it. */
const WAITING_WORDS = 1 << 15;
const FULL_WORDS: number = WAITING_WORDS - WIDE_STRIDE;

/**
 * What a {@link Tally} is, for millions of sightings: they are sorted by part of the address first, and a part is worked
 * on when many of its sightings have come together, so that its rows are still at hand. Memory: as that of a tally, and
 * 4 MB.
 */
export class PartitionedTally {
  readonly #parts: readonly Tally[];
  /** The parts' waiting sightings, one part after the other, and where each ends. */
  readonly #waiting = new Int32Array(PARTS * WAITING_WORDS);
  readonly #ends = Int32Array.from({ length: PARTS }, (_, part) => part * WAITING_WORDS);

  /** @param whiteexpSeconds life of a whitelist entry, which decides where a run of sightings ends */
  constructor(whiteexpSeconds: number) {
    this.#parts = Array.from({ length: PARTS }, () => new Tally(whiteexpSeconds));
  }

  /** As `Tally.add`: an address is always in the same part, so that its sightings stay in order. */
  add(words: Int32Array, end: number = words.length): void {
    const waiting = this.#waiting;
    const ends = this.#ends;
    for (let at = 0; at < end; ) {
      const isWide = (words[at + ORIGIN]! & WIDE) !== 0;
      let mixed = words[at + ADDRESS]!;
      if (isWide) mixed ^= words[at + ADDRESS + 1]! ^ words[at + ADDRESS + 2]! ^ words[at + ADDRESS + 3]!;
      const part = Math.imul(mixed, 0x9e3779b1) >>> PART_SHIFT;
      let to = ends[part]!;
      waiting[to] = words[at]!;
      waiting[to + 1] = words[at + 1]!;
      waiting[to + 2] = words[at + 2]!;
      if (isWide) for (let i = STRIDE; i < WIDE_STRIDE; i++) waiting[to + i] = words[at + i]!;
      const stride = isWide ? WIDE_STRIDE : STRIDE;
      to += stride;
      at += stride;
      ends[part] = to;
      if (to > part * WAITING_WORDS + FULL_WORDS) this.#settle(part);
    }
  }

  #settle(part: number): void {
    const from = part * WAITING_WORDS;
    const end = this.#ends[part]!;
    if (end > from) this.#parts[part]!.add(this.#waiting.subarray(from, end));
    this.#ends[part] = from;
  }

  /** Takes all that was added as a batch, and begins anew. */
  take(rules: readonly LogRule[]): Batch {
    const taken = this.#parts.map((tally, part) => {
      this.#settle(part);
      return tally.take(rules).words;
    });
    const words = new Uint32Array(taken.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of taken) {
      words.set(part, at);
      at += part.length;
    }
    return new Batch(words, rules);
  }
}
