// Which messages were accepted already: what makes a recorded one worthless.

/** What a message is to the memory: `forgotten` is too old to say whether it was accepted or not. */
export type Recollection = 'unseen' | 'seen' | 'forgotten';

/**
 * Remembers accepted messages by their HMAC for as long as they could be accepted again: twice the window, since a
 * clock may be ahead by it. A counter alone would not do: spamd, spamlogd and whatever else runs on one peer count from 0
 * each, so does each of them when it restarts, and nothing in a message says which of them sent it. Two messages of the
 * same HMAC say the same, so that nothing is lost with the second one.
 *
 * The memory is bounded. Where it does not suffice, the older half is dropped, and from then on no message is accepted
 * that is not younger than what was dropped. What was accepted before a restart of ours is not known after it: such a
 * message can be replayed for the rest of its window, and says what the database knows already.
 */
export class SeenMessages {
  readonly #memorySeconds: number;
  readonly #limit: number;
  #younger = new Set<string>();
  #older = new Set<string>();
  #youngerSince = Number.NEGATIVE_INFINITY;
  #youngerLatest = Number.NEGATIVE_INFINITY;
  #olderLatest = Number.NEGATIVE_INFINITY;
  #floor = Number.NEGATIVE_INFINITY;

  /** @param limit how many messages are remembered, at most. */
  constructor(windowSeconds: number, limit: number) {
    this.#memorySeconds = 2 * windowSeconds;
    this.#limit = limit;
  }

  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  /** Whether a message of that HMAC and timestamp was here before; from now on it was. */
  see(hmac: string, timestamp: number, now: number): Recollection {
    if (now - this.#youngerSince > this.#memorySeconds) this.#rotate(now);
    if (this.#younger.has(hmac) || this.#older.has(hmac)) return 'seen';
    if (timestamp <= this.#floor) return 'forgotten';
    if (2 * this.#younger.size >= this.#limit) {
      // Dropped before its time.
      this.#floor = Math.max(this.#floor, this.#olderLatest);
      this.#rotate(now);
    }
    this.#younger.add(hmac);
    this.#youngerLatest = Math.max(this.#youngerLatest, timestamp);
    return 'unseen';
  }

  #rotate(now: number): void {
    this.#older = this.#younger;
    this.#olderLatest = this.#youngerLatest;
    this.#younger = new Set();
    this.#youngerLatest = Number.NEGATIVE_INFINITY;
    this.#youngerSince = now;
  }
}
