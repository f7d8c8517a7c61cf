// Sums sightings up, one row an address, until a batch of them is taken.

import { AddressTable } from './address-table.js';
import { Batch, DIRECTION, FIELD, type LogRule } from './batch.js';

/**
 * Keeps for every address what `addSighting` of entry.ts would, in place. Memory: 80 bytes an address, more while it
 * grows; the owner decides when to take a batch.
 */
export class Tally {
  readonly #table = new AddressTable(FIELD.stride);
  readonly #whiteexpSeconds: number;

  /** @param whiteexpSeconds life of a whitelist entry, which decides where a run of sightings ends */
  constructor(whiteexpSeconds: number) {
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  /** How many addresses. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Adds one sighting.
   * @param time seconds since the epoch
   * @param direction 1 in, 2 out
   * @param rule the number of the rule in the list that {@link take} is given
   */
  add(w0: number, w1: number, w2: number, w3: number, time: number, direction: number, rule: number): void {
    const table = this.#table;
    const at = table.row(w0, w1, w2, w3);
    const words = table.words;
    const latest = words[at + FIELD.runLatest]!;
    if (words[at + FIELD.count] === 0) {
      words[at + FIELD.firstSeen] = time;
      this.#beginRun(words, at, time);
    } else if (time >= latest + this.#whiteexpSeconds) {
      this.#beginRun(words, at, time);
    } else {
      words[at + FIELD.runCount]!++;
      if (time > latest) words[at + FIELD.runLatest] = time;
      if (time < words[at + FIELD.firstSeen]!) words[at + FIELD.firstSeen] = time;
    }
    words[at + FIELD.count]!++;
    words[at + (direction === DIRECTION.in ? FIELD.inbound : FIELD.outbound)]!++;
    if (time >= latest) {
      words[at + FIELD.lastDirection] = direction;
      words[at + FIELD.rule] = rule;
    }
  }

  #beginRun(words: Uint32Array, at: number, time: number): void {
    words[at + FIELD.runStart] = time;
    words[at + FIELD.runLatest] = time;
    words[at + FIELD.runCount] = 1;
  }

  /** Takes all that was added as a batch, and begins anew. */
  take(rules: readonly LogRule[]): Batch {
    return new Batch(this.#table.take(), rules);
  }
}
