// Which key has to be looked at next: a binary heap of times, each with a key.

/** Keys by the time they are due. A key may be in it several times. */
export class WakeQueue {
  readonly #times: number[] = [];
  readonly #keys: number[] = [];

  get length(): number {
    return this.#times.length;
  }

  /** The earliest time, Infinity when the queue is empty. */
  get next(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  /** The key with the earliest time. */
  get nextKey(): number | undefined {
    return this.#keys[0];
  }

  add(time: number, key: number): void {
    let at = this.#times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#times[parent]! <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, key);
  }

  /** Takes out the key with the earliest time. */
  take(): number | undefined {
    const first = this.#keys[0];
    const time = this.#times.pop();
    const key = this.#keys.pop();
    if (time === undefined || key === undefined || this.#times.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#times.length) break;
      if (child + 1 < this.#times.length && this.#times[child + 1]! < this.#times[child]!) child++;
      if (this.#times[child]! >= time) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, time, key);
    return first;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#keys[from]!);
  }

  #put(at: number, time: number, key: number): void {
    this.#times[at] = time;
    this.#keys[at] = key;
  }
}
