// Sums sightings up, one row an address, until a batch of them is taken.

import { MAPPED_WORD as MAPPED } from '../address/address.js';
import { ADDRESS_WORDS, AddressTable } from '../address/address-table.js';
import { Batch, DIRECTION, FIELD, type LogRule } from './batch.js';
import { originDirection, originRule, SIGHTING_FIELD, WIDE as WIDE_BIT } from './sighting-block.js';

// V8 takes a module's own constants for what they are, but looks imported ones up again for every sighting.
const MAPPED_WORD = MAPPED;
const WIDE = WIDE_BIT;

/** Sightings worked on at a time, few enough to stay in the processor's nearest cache. */
const SLICE = 512;

const {
  origin: ORIGIN,
  time: TIME,
  address: ADDRESS,
  stride: STRIDE,
  wideStride: WIDE_STRIDE,
} = SIGHTING_FIELD;

/** A row of the table: the address and what changes with every sighting, small so that many rows stay in the cache. */
const HOT = { latest: 4, inbound: 5, outbound: 6, origin: 7, stride: 8 } as const;

/** What changes when a run begins, in a table of its own: its start, the sightings before it, the first one ever. */
const COLD = { runStart: 0, before: 1, firstSeen: 2, stride: 3 } as const;

/**
 * Keeps for every address what `addSighting` of entry.ts would, in place. Memory: 60 bytes an address, more while it
 * grows; the owner decides when to take a batch.
 */
export class Tally {
  readonly #table = new AddressTable(HOT.stride);
  #cold = new Uint32Array(0);
  readonly #whiteexpSeconds: number;
  readonly #rows = new Int32Array(SLICE);

  /** @param whiteexpSeconds life of a whitelist entry, which decides where a run of sightings ends */
  constructor(whiteexpSeconds: number) {
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  /** How many addresses. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Adds the sightings of a block (sighting-block.ts). Many at a time in tight loops: the addresses lie all over
   * memory, and so the processor can fetch several at once.
   * @param end the word before which the block ends
   */
  add(words: Int32Array, end: number = words.length): void {
    for (let at = 0; at < end; ) at = this.#addSlice(words, at, end);
  }

  #addSlice(words: Int32Array, from: number, end: number): number {
    const rows = this.#rows;
    const table = this.#table;
    let count = 0;
    let at = from;
    for (; count < SLICE && at < end; count++) {
      if ((words[at + ORIGIN]! & WIDE) === 0) {
        rows[count] = table.row(0, 0, MAPPED_WORD, words[at + ADDRESS]!);
        at += STRIDE;
      } else {
        const w = at + ADDRESS;
        rows[count] = table.row(words[w]!, words[w + 1]!, words[w + 2]!, words[w + 3]!);
        at += WIDE_STRIDE;
      }
    }
    this.#growCold();
    const hot = table.words;
    const cold = this.#cold;
    for (let i = 0, to = from; i < count; i++) {
      const origin = words[to + ORIGIN]!;
      update(hot, cold, rows[i]!, words[to + TIME]! >>> 0, origin, this.#whiteexpSeconds);
      to += (origin & WIDE) === 0 ? STRIDE : WIDE_STRIDE;
    }
    return at;
  }

  #growCold(): void {
    const needed = this.#table.size * COLD.stride;
    if (this.#cold.length >= needed) return;
    const cold = new Uint32Array((this.#table.words.length / HOT.stride) * COLD.stride);
    cold.set(this.#cold);
    this.#cold = cold;
  }

  /** Takes all that was added as a batch, and begins anew. */
  take(rules: readonly LogRule[]): Batch {
    const cold = this.#cold;
    const hot = this.#table.take();
    this.#cold = new Uint32Array(0);
    const words = new Uint32Array((hot.length / HOT.stride) * FIELD.stride);
    for (let row = 0; row < hot.length / HOT.stride; row++) writeRow(words, row, hot, cold, row);
    return new Batch(words, rules);
  }

  /** Writes the rows from one on and before another to `into`, as many as a batch of theirs has words. */
  copy(into: Uint32Array, from: number, to: number): void {
    for (let row = from; row < to; row++) writeRow(into, row - from, this.#table.words, this.#cold, row);
  }

  /** Begins anew: in the same memory, where that is of use for as many addresses again. */
  clear(): void {
    this.#table.clear();
    const rows = this.#table.words.length / HOT.stride;
    if (this.#cold.length > rows * COLD.stride) this.#cold = new Uint32Array(0);
  }
}

function update(
  hot: Uint32Array,
  cold: Uint32Array,
  at: number,
  time: number,
  origin: number,
  whiteexpSeconds: number,
): void {
  const seen = hot[at + HOT.inbound]! + hot[at + HOT.outbound]!;
  const latest = hot[at + HOT.latest]!;
  if (seen === 0 || time >= latest + whiteexpSeconds) {
    const row = (at / HOT.stride) * COLD.stride;
    cold[row + COLD.runStart] = time;
    cold[row + COLD.before] = seen;
    if (seen === 0) cold[row + COLD.firstSeen] = time;
  } else if (time < latest) {
    const first = (at / HOT.stride) * COLD.stride + COLD.firstSeen;
    if (time < cold[first]!) cold[first] = time;
  }
  if (seen === 0 || time >= latest) {
    hot[at + HOT.latest] = time;
    hot[at + HOT.origin] = origin;
  }
  hot[at + (originDirection(origin) === DIRECTION.in ? HOT.inbound : HOT.outbound)]!++;
}

function writeRow(words: Uint32Array, toRow: number, hot: Uint32Array, cold: Uint32Array, row: number): void {
  const to = toRow * FIELD.stride;
  const from = row * HOT.stride;
  const coldFrom = row * COLD.stride;
  for (let i = 0; i < ADDRESS_WORDS; i++) words[to + i] = hot[from + i]!;
  const inbound = hot[from + HOT.inbound]!;
  const outbound = hot[from + HOT.outbound]!;
  const origin = hot[from + HOT.origin]!;
  words[to + FIELD.count] = inbound + outbound;
  words[to + FIELD.runStart] = cold[coldFrom + COLD.runStart]!;
  words[to + FIELD.runLatest] = hot[from + HOT.latest]!;
  words[to + FIELD.runCount] = inbound + outbound - cold[coldFrom + COLD.before]!;
  words[to + FIELD.firstSeen] = cold[coldFrom + COLD.firstSeen]!;
  words[to + FIELD.inbound] = inbound;
  words[to + FIELD.outbound] = outbound;
  words[to + FIELD.lastDirection] = originDirection(origin);
  words[to + FIELD.rule] = originRule(origin);
}
