// What `add`, `trap` and `delete` have in common: addresses given by hand, changed one by one.

import { canonicalAddress } from '../address/address.js';
import { backupIfWanted } from '../daemon/backup-database.js';
import { openDatabase } from '../daemon/open-database.js';
import { databaseOf } from '../options/settings.js';
import { UsageError } from '../options/usage-error.js';
import type { Store } from '../store/store.js';
import type { Context } from './command.js';

/**
 * Does something to every address, all of which are checked before the first is touched.
 * @throws {UsageError} @throws {StoreError}
 */
export async function editAddresses(
  { settings, operands, warn }: Context,
  canCreate: boolean,
  edit: (store: Store, address: string) => Promise<void>,
): Promise<void> {
  const addresses = operands.map(operand => {
    const address = canonicalAddress(operand);
    if (address === undefined) throw new UsageError(`"${operand}" is not an address`);
    return address;
  });
  await backupIfWanted(settings);
  const store = await openDatabase(
    settings,
    { canCreate: canCreate && databaseOf(settings).kind === 'sqlite' },
    { warn },
  );
  try {
    for (const address of addresses) await edit(store, address);
  } finally {
    await store.close();
  }
}
