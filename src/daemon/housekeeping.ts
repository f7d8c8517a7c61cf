// What is done with the database once a minute, whatever else it does.

/** Does it, one time after the other, and tells of a failure once. */
export class Housekeeping {
  readonly #work: () => Promise<void>;
  readonly #warn: (line: string) => void;
  #present: Promise<void> | undefined;
  /** What was told since it last worked. */
  readonly #told = new Set<string>();

  /** @param warn is told why it failed, which may be for another reason later */
  constructor(work: () => Promise<void>, warn: (reason: string) => void) {
    this.#work = work;
    this.#warn = warn;
  }

  /** Does it now, or is that which is under way: the database may be locked for longer than a minute. Never rejects. */
  run(): Promise<void> {
    this.#present ??= this.#run().finally(() => {
      this.#present = undefined;
    });
    return this.#present;
  }

  async #run(): Promise<void> {
    try {
      await this.#work();
      this.#told.clear();
    } catch (error) {
      const { message } = error as Error;
      if (!this.#told.has(message)) this.#warn(message);
      this.#told.add(message);
    }
  }
}
