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
 *
 * @param canCreate whether `edit` makes entries, and the database where there is none
 * @throws {UsageError} @throws {StoreError}
 */
export async function editAddresses(
  { settings, operands, warn }: Context,
  canCreate: boolean,
  edit: (store: Store, address: string) => Promise<void>,
): Promise<void> {
  const isSpamd = databaseOf(settings).kind === 'spamd';
  const addresses = operands.map(operand => {
    const address = canonicalAddress(operand);
    if (address === undefined) throw new UsageError(`"${operand}" is not an address`);
    if (isSpamd && canCreate && address.includes(':'))
      throw new UsageError(`"${operand}" is not an IPv4 address: spamd keeps no others`);
    return address;
  });
  await backupIfWanted(settings);
  const store = await openDatabase(settings, { canCreate: canCreate && !isSpamd }, { warn });
  try {
    for (const address of addresses) await edit(store, address);
  } finally {
    await store.close();
  }
}
