// What the log and the status say of a database that fails.

import type { Logger } from 'pino';
import type { StoreError } from '../store/store.js';

/** Tells every failure once, and that it works again. */
export class DatabaseTroubles {
  readonly #name: string;
  readonly #logger: Logger;
  readonly #dropped: () => number;
  /** What was logged since it last worked. */
  readonly #told = new Set<string>();
  #present: string | null = null;

  /** @param dropped how many sightings were dropped since the start */
  constructor(name: string, logger: Logger, dropped: () => number) {
    this.#name = name;
    this.#logger = logger;
    this.#dropped = dropped;
  }

  /** Why it fails now; null when it works. */
  get present(): string | null {
    return this.#present;
  }

  fail({ message }: StoreError): void {
    this.#present = message;
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#logger.error(`${message}; sightings wait until it works`);
  }

  /** It works. */
  end(): void {
    if (this.#present === null) return;
    this.#present = null;
    this.#told.clear();
    const dropped = this.#dropped();
    const lost = dropped > 0 ? `; ${dropped} sightings were dropped since the start` : '';
    this.#logger.info(`database "${this.#name}" works again${lost}`);
  }
}
