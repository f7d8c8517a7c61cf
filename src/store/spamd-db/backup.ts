// A copy of spamd's database, taken while nobody changes it.

import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LockOptions } from './locked-file.js';
import { takeSnapshot } from './snapshot.js';
import { toStoreError } from './store-errors.js';

const BLOCK_BYTES = 4096;

/**
 * Copies the database at `path` to the file `to`, which must not exist and which only its owner may read. The lock is
 * held while the database is read; the copy is on the disk when the promise is fulfilled. Holes stay holes.
 * Errors are `StoreError`s.
 */
export async function backupSpamdDb(path: string, to: string, lock: LockOptions): Promise<void> {
  const bytes = await takeSnapshot(path, lock);
  try {
    const file = await open(to, 'wx', 0o600);
    try {
      for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
        const block = bytes.subarray(at, at + BLOCK_BYTES);
        if (block.some(byte => byte !== 0)) await file.write(block, 0, block.length, at);
      }
      await file.truncate(bytes.length);
      await file.sync();
    } finally {
      await file.close();
    }
    const folder = await open(dirname(to), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    throw toStoreError(to, error);
  }
}
