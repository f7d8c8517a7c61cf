// White entries past their end are deleted; keys that are no addresses are told of once and left alone.

import { parseAddress } from '../address/address.js';
import type { Store } from '../store/store.js';

/** Deletes what has expired. */
export class Expiry {
  readonly #onGarbage: (key: string) => void;
  readonly #reported = new Set<string>();

  /** @param onGarbage is told of each key that is no address, as an old greylogd wrote them */
  constructor(onGarbage: (key: string) => void) {
    this.#onGarbage = onGarbage;
  }

  /** Deletes the white entries whose end has come; gives their addresses. @throws {StoreError} */
  async run(store: Store, now: number): Promise<readonly string[]> {
    const gone = await store.expireWhite(now);
    const leftovers = { now, status: new Set(['EXPIRED'] as const), whiteexpSeconds: 0 };
    for await (const { address } of store.list({ ...leftovers, sort: 'database' })) {
      if (parseAddress(address) !== undefined || this.#reported.has(address)) continue;
      this.#reported.add(address);
      this.#onGarbage(address);
    }
    return gone;
  }
}
