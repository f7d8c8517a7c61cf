// trap: traps addresses by hand.

import { TRAPEXP_SECONDS } from '../whitelist/entry.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { editAddresses } from './hand-edit.js';

/** Runs the command. @throws {UsageError} @throws {StoreError} */
export async function run(context: Context): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  // A longer life of white entries, in the configuration file, is no longer life of traps.
  const lifeSeconds = context.given.has('whiteexp') ? context.settings.whiteexp * 3600 : TRAPEXP_SECONDS;
  await editAddresses(context, true, async (store, address) => {
    await store.trap(address, now, lifeSeconds);
  });
  return EXIT.ok;
}
