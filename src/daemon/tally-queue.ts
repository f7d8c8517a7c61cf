// Sightings that wait to be written: they are added to one tally while another is written, in memory that is used again
// and again. What is new every second, and kept until a database has taken it, V8 would collect very late.

import { Batch, FIELD, type LogRule } from '../whitelist/batch.js';
import { Tally } from '../whitelist/tally.js';

/** A tally that is added to. */
export class TallyQueue {
  readonly #whiteexpSeconds: number;
  #tally: Tally;
  #spare: Tally | undefined;

  /** @param whiteexpSeconds as {@link Tally} has it */
  constructor(whiteexpSeconds: number) {
    this.#whiteexpSeconds = whiteexpSeconds;
    this.#tally = new Tally(whiteexpSeconds);
  }

  /** How many addresses. */
  get size(): number {
    return this.#tally.size;
  }

  /** As `Tally.add`. */
  add(words: Int32Array): void {
    this.#tally.add(words);
  }

  /** Takes all that was added, and begins anew. */
  take(rules: readonly LogRule[]): TakenTally {
    const taken = this.#tally;
    this.#tally = this.#spare ?? new Tally(this.#whiteexpSeconds);
    this.#spare = undefined;
    return new TakenTally(taken, rules, () => {
      taken.clear();
      this.#spare = taken;
    });
  }
}

/** What was taken out of a queue, to be written some rows at a time. */
export class TakenTally {
  readonly #tally: Tally;
  readonly #rules: readonly LogRule[];
  readonly #onWritten: () => void;
  #left: number;

  /** @param onWritten called when there are no rows left */
  constructor(tally: Tally, rules: readonly LogRule[], onWritten: () => void) {
    this.#tally = tally;
    this.#rules = rules;
    this.#onWritten = onWritten;
    this.#left = tally.size;
  }

  /** How many rows are left. */
  get left(): number {
    return this.#left;
  }

  /** The next rows, as many as there is room for: a batch in these words, until they are used for another. */
  batch(words: Uint32Array): Batch {
    const rows = Math.min(this.left, words.length / FIELD.stride);
    const done = this.#tally.size - this.left;
    this.#tally.copy(words, done, done + rows);
    return new Batch(words.subarray(0, rows * FIELD.stride), this.#rules);
  }

  /** Goes on behind so many rows, which were written. */
  skip(rows: number): void {
    this.#left -= rows;
    if (this.#left === 0) this.#onWritten();
  }
}
