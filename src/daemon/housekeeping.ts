// What is done with the database once a minute, whatever else it does: white entries that have ended are deleted, the
// others counted, and keys that are no addresses looked for.

import type { Logger } from 'pino';
import type { Store } from '../store/store.js';
import { Census } from './census.js';
import { GarbageKeys } from './garbage-keys.js';

/** Entries that are deleted in one transaction, and whose addresses are in memory at once. */
const EXPIRED_AT_ONCE = 25_000;

/** What {@link Housekeeping} is made with. */
export interface HousekeepingOptions {
  /** The database. @throws {StoreError} when there is none */
  readonly store: () => Store;
  /** Whether ended entries are ours to delete. */
  readonly isExpiring: () => boolean;
  readonly logger: Logger;
  /** Told of addresses that are white no more. */
  readonly onExpired: (addresses: readonly string[]) => void;
}

/** Does it, one time after the other, and tells of a failure once. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #census: Census;
  readonly #garbage: GarbageKeys;
  #present: Promise<void> | undefined;
  #expired = 0;
  #isStopped = false;
  /** What was told since it last worked. */
  readonly #told = new Set<string>();

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#census = new Census(options.store);
    this.#garbage = new GarbageKeys(line => options.logger.warn(line));
  }

  /** White entries when they were last counted; null before that. */
  get white(): number | null {
    return this.#census.white;
  }

  /** How many have been deleted. */
  get expired(): number {
    return this.#expired;
  }

  /** Does it now, or is that which is under way: the database may be locked for longer than a minute. Never rejects. */
  run(): Promise<void> {
    this.#present ??= this.#run().finally(() => {
      this.#present = undefined;
    });
    return this.#present;
  }

  /** Counts what is white unless that was done a moment ago, and gives up waiting soon. Never rejects. */
  recount(): Promise<void> {
    return this.#census.refresh();
  }

  /** Another database is in the place of the one there was. */
  forget(): void {
    this.#garbage.forget();
  }

  /** Begins nothing more. */
  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    const { store, isExpiring, logger } = this.#options;
    try {
      if (isExpiring()) await this.#expire();
      await this.#census.count();
      // The start does not wait for a look at every entry.
      void this.#garbage.lookWhenDue(store(), Date.now()).catch(() => {});
      this.#told.clear();
    } catch (error) {
      const { message } = error as Error;
      if (!this.#told.has(message)) logger.warn(`${message}; ended entries stay until it works`);
      this.#told.add(message);
    }
  }

  async #expire(): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    const before = this.#expired;
    try {
      while (!this.#isStopped && (await this.#expireSome(now)) === EXPIRED_AT_ONCE);
    } finally {
      const gone = this.#expired - before;
      if (gone > 0) this.#options.logger.info(`${gone} white entries expired`);
    }
  }

  /** Deletes some of what has ended by then; gives how many. */
  async #expireSome(now: number): Promise<number> {
    const gone = await this.#options.store().expireWhite(now, EXPIRED_AT_ONCE);
    this.#expired += gone.length;
    if (gone.length > 0) this.#options.onExpired(gone);
    return gone.length;
  }
}
