// A bounded queue in front of whoever takes what arrives, slower than it can arrive.

/** Hands items on in order, all that have gathered at a time, and the next ones when those have been taken. */
export class Delivery<Item> {
  readonly #limit: number;
  readonly #deliver: (items: readonly Item[]) => Promise<void> | void;
  readonly #onLoss: (error: unknown) => void;
  #queue: Item[] = [];
  #isDelivering = false;
  #isLosing = false;
  /** Items that were lost because their delivery failed. */
  lost = 0;

  /** @param onLoss called when items begin to be lost: {@link lost} goes on from there until a delivery succeeds */
  constructor(
    limit: number,
    deliver: (items: readonly Item[]) => Promise<void> | void,
    onLoss: (error: unknown) => void,
  ) {
    this.#limit = limit;
    this.#deliver = deliver;
    this.#onLoss = onLoss;
  }

  /** Items that wait. */
  get length(): number {
    return this.#queue.length;
  }

  hasRoomFor(count: number): boolean {
    return this.#queue.length + count <= this.#limit;
  }

  add(items: readonly Item[]): void {
    for (const item of items) this.#queue.push(item);
    if (!this.#isDelivering) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isDelivering = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#deliver(batch);
        this.#isLosing = false;
      } catch (error) {
        this.lost += batch.length;
        if (!this.#isLosing) this.#onLoss(error);
        this.#isLosing = true;
      }
    }
    this.#isDelivering = false;
  }
}
