// A copy of spamd's database, taken while nobody changes it.

import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backupProblem } from '../backup-problem.js';
import type { LockOptions } from './locked-file.js';
import { takeSnapshot } from './snapshot.js';
import { toStoreError } from './store-errors.js';

const BLOCK_BYTES = 4096;

/**
 * Copies the database at `path` to the file `to`, which must not exist and which only its owner may read. The lock is
 * held while the database is read; the copy is on the disk when the promise is fulfilled, and gone when it is not.
 * Holes stay holes.
 * Errors are `StoreError`s.
 */
export async function backupSpamdDb(path: string, to: string, lock: LockOptions): Promise<void> {
  const bytes = await takeSnapshot(path, lock);
  const file = await create(to);
  try {
    await write(file, bytes).finally(() => file.close());
    const folder = await open(dirname(to), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await rm(to, { force: true });
    throw toStoreError(to, error);
  }
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (cause) {
    throw backupProblem(path, cause);
  }
}

async function write(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    let block = bytes.subarray(at, at + BLOCK_BYTES);
    if (block.every(byte => byte === 0)) continue;
    for (let position = at; block.length > 0; ) {
      const { bytesWritten } = await file.write(block, 0, block.length, position);
      block = block.subarray(bytesWritten);
      position += bytesWritten;
    }
  }
  await file.truncate(bytes.length);
  await file.sync();
}
