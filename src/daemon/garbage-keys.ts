// Keys of the database that are no addresses, as an old greylogd left them: told of once, and left alone.

import type { ListOptions, Store } from '../store/store.js';

/** So many are named; of more, their number is told. */
const NAMED = 10;

/** A longer key is cut where it is named. */
const NAME_LENGTH = 100;

/** Between two looks. */
const INTERVAL_MS = 3_600_000;

/** Looks for them, and tells of each once. */
export class GarbageKeys {
  readonly #warn: (line: string) => void;
  readonly #named = new Set<string>();
  /** How many beyond those were told of. */
  #counted = 0;
  #isLooking = false;
  #nextLook = 0;

  constructor(warn: (line: string) => void) {
    this.#warn = warn;
  }

  /** Has the next {@link lookWhenDue} look, as another database may hold others. */
  forget(): void {
    this.#named.clear();
    this.#counted = 0;
    this.#nextLook = 0;
  }

  /** Looks if the last look is an hour ago, or there was none. @throws {StoreError} */
  async lookWhenDue(store: Store, nowMs: number): Promise<void> {
    if (this.#isLooking || nowMs < this.#nextLook) return;
    this.#isLooking = true;
    try {
      await this.#look(store, Math.floor(nowMs / 1000));
      this.#nextLook = nowMs + INTERVAL_MS;
    } finally {
      this.#isLooking = false;
    }
  }

  async #look(store: Store, now: number): Promise<void> {
    const status = new Set(['WHITE', 'TRAPPED', 'EXPIRED'] as const);
    const options: ListOptions = {
      now,
      status,
      onlyGarbage: true,
      whiteexpSeconds: 0,
      sort: 'database',
    };
    let others = 0;
    for await (const { address } of store.list(options)) {
      const name = JSON.stringify(
        address.length > NAME_LENGTH ? `${address.slice(0, NAME_LENGTH)}…` : address,
      );
      if (this.#named.has(name)) continue;
      if (this.#named.size === NAMED) others++;
      else {
        this.#named.add(name);
        this.#warn(`database holds ${name}, which is not an address: left alone`);
      }
    }
    if (others > this.#counted)
      this.#warn(`database holds ${others} further keys that are not addresses: left alone`);
    this.#counted = Math.max(others, this.#counted);
  }
}
