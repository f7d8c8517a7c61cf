// How many sightings there were when, in constant memory whatever the length of the capture.

import { SIGHTING_FIELD, WIDE as WIDE_BIT } from '../whitelist/sighting-block.js';

// V8 takes a module's own constants for what they are, but looks imported ones up again for every sighting.
const WIDE = WIDE_BIT;
const { origin: ORIGIN, time: TIME, stride: STRIDE, wideStride: WIDE_STRIDE } = SIGHTING_FIELD;

const SLOTS = 480;

/** A histogram over time whose slots grow wider as more time has to fit. */
export class Timeline {
  #width = 1;
  readonly #slots = new Map<number, number>();
  /** The slot that is being filled; mostly the next sighting falls into it, too. */
  #current = Number.NaN;
  #count = 0;

  /** Counts one; `seconds` since the epoch. */
  add(seconds: number): void {
    const slot = Math.floor(seconds / this.#width);
    if (slot !== this.#current) this.#move(slot);
    this.#count++;
  }

  /** Counts the sightings of a block, as `Tally.add` takes them. */
  addBlock(words: Int32Array, end: number): void {
    for (let at = 0; at < end; ) {
      at = this.#addRun(words, at, end);
      if (at < end) this.#move(Math.floor((words[at + TIME]! >>> 0) / this.#width));
    }
  }

  /** Counts sightings as long as they fall into the current slot. @returns where the first begins that does not */
  #addRun(words: Int32Array, from: number, end: number): number {
    if (Number.isNaN(this.#current)) return from;
    const begin = this.#current * this.#width;
    // Whole words all the way: this is done for every sighting.
    const start = begin | 0;
    const width = Math.min(this.#width, 2 ** 32 - begin);
    let count = 0;
    let at = from;
    while (at < end) {
      if ((words[at + TIME]! - start) >>> 0 >= width) break;
      count++;
      at += (words[at + ORIGIN]! & WIDE) === 0 ? STRIDE : WIDE_STRIDE;
    }
    this.#count += count;
    return at;
  }

  #move(slot: number): void {
    this.#settle();
    this.#current = slot;
    if (this.#slots.size > SLOTS) this.#widen();
  }

  #settle(): void {
    if (this.#count > 0) this.#slots.set(this.#current, (this.#slots.get(this.#current) ?? 0) + this.#count);
    this.#count = 0;
  }

  #widen(): void {
    const slots = [...this.#slots];
    this.#slots.clear();
    this.#width *= 2;
    this.#current = Math.floor(this.#current / 2);
    for (const [slot, count] of slots) {
      const wider = Math.floor(slot / 2);
      this.#slots.set(wider, (this.#slots.get(wider) ?? 0) + count);
    }
  }

  /** The counts in at most `columns` equal stretches of `seconds`, from the first sighting to the last. */
  columns(columns: number): { readonly seconds: number; readonly counts: readonly number[] } {
    this.#settle();
    const used = [...this.#slots.keys()];
    if (used.length === 0) return { seconds: this.#width, counts: [] };
    const first = used.reduce((a, b) => Math.min(a, b));
    const last = used.reduce((a, b) => Math.max(a, b));
    const perColumn = Math.ceil((last - first + 1) / columns);
    const counts = new Array<number>(Math.ceil((last - first + 1) / perColumn)).fill(0);
    for (const [slot, count] of this.#slots) counts[Math.floor((slot - first) / perColumn)]! += count;
    return { seconds: perColumn * this.#width, counts };
  }
}
