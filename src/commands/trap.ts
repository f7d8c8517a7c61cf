// trap: traps addresses by hand.

import { TRAPEXP_SECONDS } from '../whitelist/entry.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { editAddresses } from './hand-edit.js';

/** Runs the command. @throws {UsageError} @throws {StoreError} */
export async function run(context: Context): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  await editAddresses(context, true, async (store, address) => {
    await store.trap(address, now, TRAPEXP_SECONDS);
  });
  return EXIT.ok;
}
