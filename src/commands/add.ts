// add: makes addresses white by hand.

import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { editAddresses } from './hand-edit.js';

/** Runs the command. @throws {UsageError} @throws {StoreError} */
export async function run(context: Context): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  await editAddresses(context, true, async (store, address) => {
    await store.add(address, now, context.settings.whiteexp * 3600);
  });
  return EXIT.ok;
}
