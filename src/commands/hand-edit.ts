// What `add`, `trap` and `delete` have in common: addresses given by hand, changed one by one.

import { canonicalAddress } from '../address/address.js';
import { openDatabase } from '../daemon/open-database.js';
import { databasePath } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import type { Store } from '../store/store.js';

/**
 * Does something to every address, all of which are checked before the first is touched.
 * @throws {UsageError} @throws {StoreError}
 */
export async function editAddresses(
  settings: Settings,
  operands: readonly string[],
  canCreate: boolean,
  edit: (store: Store, address: string) => Promise<void>,
): Promise<void> {
  const addresses = operands.map(operand => {
    const address = canonicalAddress(operand);
    if (address === undefined) throw new UsageError(`"${operand}" is not an address`);
    return address;
  });
  const busyTimeoutMs = settings['busy-timeout'] * 1000;
  const store = await openDatabase(databasePath(settings), { canCreate, busyTimeoutMs });
  try {
    for (const address of addresses) await edit(store, address);
  } finally {
    await store.close();
  }
}
