// Which messages were accepted already: what makes a recorded one worthless.

/** What a message is to the memory: `forgotten` is too old to say whether it was accepted or not. */
export type Recollection = 'unseen' | 'seen' | 'forgotten';

/** An accepted message: its HMAC, 20 bytes as latin1, and its time, seconds since the epoch. */
export interface SeenMessage {
  readonly hmac: string;
  readonly timestamp: number;
}

/** Where accepted messages are kept beyond a restart. Never throws, never rejects. */
export interface SeenRecord {
  load(): readonly SeenMessage[];
  add(message: SeenMessage): void;
  /** Only these count any more. */
  replace(messages: readonly SeenMessage[]): void;
  /** Fulfilled when everything is kept. */
  close(): Promise<void>;
}

/** Stands for all messages up to its time: they were dropped before theirs. */
const FLOOR = '\0'.repeat(20);

/**
 * Remembers accepted messages by their HMAC for as long as they could be accepted again: twice the window, since a
 * clock may be ahead by it. A counter alone would not do: spamd, spamlogd and whatever else runs on one peer count from 0
 * each, so does each of them when it restarts, and nothing in a message says which of them sent it. Two messages of the
 * same HMAC say the same, so that nothing is lost with the second one.
 *
 * The memory is bounded. Where it does not suffice, the older half is dropped, and from then on no message is accepted
 * that is not younger than what was dropped. With a record it outlives a restart: a message that is played again then
 * could take back what was said since, as the deletion of an entry.
 */
export class SeenMessages {
  readonly #memorySeconds: number;
  readonly #limit: number;
  readonly #record: SeenRecord | undefined;
  #younger = new Map<string, number>();
  #older = new Map<string, number>();
  #youngerSince = Number.NEGATIVE_INFINITY;
  #floor = Number.NEGATIVE_INFINITY;

  /** @param limit how many messages are remembered, at most. */
  constructor(windowSeconds: number, limit: number, record?: SeenRecord) {
    this.#memorySeconds = 2 * windowSeconds;
    this.#limit = limit;
    this.#record = record;
  }

  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  /** Takes over what was accepted before a restart. */
  restore(now: number): void {
    this.#youngerSince = now;
    for (const { hmac, timestamp } of this.#record?.load() ?? []) {
      // What is out of the window is refused for that, and no clock of ours has ever accepted what is after it.
      if (!(Math.abs(timestamp - now) <= this.#memorySeconds)) continue;
      if (hmac === FLOOR) this.#floor = Math.max(this.#floor, timestamp);
      else this.#remember(hmac, timestamp, now);
    }
    this.#replace();
  }

  /** Whether a message of that HMAC and timestamp was here before; from now on it was. */
  see(hmac: string, timestamp: number, now: number): Recollection {
    if (now - this.#youngerSince > this.#memorySeconds) this.#rotate(now);
    if (this.#younger.has(hmac) || this.#older.has(hmac)) return 'seen';
    if (timestamp <= this.#floor) return 'forgotten';
    this.#remember(hmac, timestamp, now);
    this.#record?.add({ hmac, timestamp });
    return 'unseen';
  }

  async close(): Promise<void> {
    await this.#record?.close();
  }

  #remember(hmac: string, timestamp: number, now: number): void {
    if (2 * this.#younger.size >= this.#limit) {
      // Dropped before its time.
      for (const dropped of this.#older.values()) this.#floor = Math.max(this.#floor, dropped);
      this.#rotate(now);
    }
    this.#younger.set(hmac, timestamp);
  }

  #rotate(now: number): void {
    this.#older = this.#younger;
    this.#younger = new Map();
    this.#youngerSince = now;
    this.#replace();
  }

  #replace(): void {
    if (this.#record === undefined) return;
    const messages = [...this.#older, ...this.#younger].map(([hmac, timestamp]) => ({ hmac, timestamp }));
    this.#record.replace([{ hmac: FLOOR, timestamp: this.#floor }, ...messages]);
  }
}
