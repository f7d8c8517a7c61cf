// delete: removes addresses, white or trapped, by hand.

import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { editAddresses } from './hand-edit.js';

/** Runs the command; status 1 when one of them was not there. @throws {UsageError} @throws {StoreError} */
export async function run(context: Context): Promise<number> {
  let status: number = EXIT.ok;
  await editAddresses(context, false, async (store, address) => {
    if (await store.delete(address)) return;
    context.warn(`no entry for ${address}`);
    status = EXIT.nothing;
  });
  return status;
}
