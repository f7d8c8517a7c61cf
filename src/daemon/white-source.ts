// Everything white in a database, as the tables want it.

import type { Store } from '../store/store.js';
import type { WhiteSource } from '../table/difference.js';

/** Reads the white addresses of a store; `store` is asked for at every reading, since another may have come in its place. */
export function whiteSource(store: () => Store | Promise<Store>): WhiteSource {
  return async function* (now) {
    const options = { now: Math.floor(now), status: new Set(['WHITE'] as const), whiteexpSeconds: 0 };
    for await (const record of (await store()).list({ ...options, sort: 'database' })) {
      if (record.kind === 'address') yield { address: record.address, expire: record.entry.expire };
    }
  };
}
