// What waits to be pushed to a table: the last word on each address.

/** A batch out of the queue. */
export interface PushBatch {
  /** When each address's entry ends, in seconds since the epoch. */
  readonly additions: ReadonlyMap<string, number>;
  readonly removals: ReadonlySet<string>;
}

/** Additions and removals in wait; of several for one address only the last counts. */
export class PushQueue {
  #additions = new Map<string, number>();
  #removals = new Set<string>();

  /** How many addresses wait. */
  get size(): number {
    return this.#additions.size + this.#removals.size;
  }

  add(address: string, expire: number): void {
    this.#removals.delete(address);
    this.#additions.set(address, expire);
  }

  remove(address: string): void {
    this.#additions.delete(address);
    this.#removals.add(address);
  }

  /** Whether there is a word on the address. */
  has(address: string): boolean {
    return this.#additions.has(address) || this.#removals.has(address);
  }

  /** Everything that waits, which waits no longer. */
  take(): PushBatch {
    const batch = { additions: this.#additions, removals: this.#removals };
    this.#additions = new Map();
    this.#removals = new Set();
    return batch;
  }

  /** Puts a batch back that could not be pushed; what came since has the last word. */
  putBack({ additions, removals }: PushBatch): void {
    for (const [address, expire] of additions) if (!this.has(address)) this.#additions.set(address, expire);
    for (const address of removals) if (!this.has(address)) this.#removals.add(address);
  }
}
