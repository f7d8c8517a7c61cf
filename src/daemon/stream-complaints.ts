// What is wrong with the streams of other programs, said once: a writer of no captures may come again and again.

import type { ProblemKind } from '../wire/savefile-problem.js';

/** What was said since a stream was last read to its end without a fault. */
export class StreamComplaints {
  readonly #said = new Map<ProblemKind, string>();

  /**
   * Whether a fault is to be said, which it then counts as. One of a kind that was said is no news, unless it is another
   * one and records came before it.
   */
  isNew(kind: ProblemKind, text: string, hasRecords: boolean): boolean {
    const before = this.#said.get(kind);
    if (before === text || (before !== undefined && !hasRecords)) return false;
    this.#said.set(kind, text);
    return true;
  }

  /** A stream was read to its end without a fault. */
  forget(): void {
    this.#said.clear();
  }
}
