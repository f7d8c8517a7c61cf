// sync-key: makes the key that peers share, readable by its owner alone.

import { makeSyncKey } from '../sync/key.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';

/** Runs the command; a file that is there is never written over. */
export async function run({ settings, output, warn }: Context): Promise<number> {
  const path = settings['sync-key'];
  try {
    await makeSyncKey(path);
  } catch (error) {
    warn((error as Error).message);
    return EXIT.cantCreate;
  }
  await output.line(`Made sync key "${path}"; copy it to every peer, mode 0600`);
  return EXIT.ok;
}
