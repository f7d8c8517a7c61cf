// A copy of a database in memory: taken under the lock, read without it.

import { read } from 'node:fs';
import { promisify } from 'node:util';
import { StoreError } from '../store.js';
import { isBlank, LONGEST_BLANK } from './hash-parts.js';
import { HEADER_BYTES } from './header.js';
import { decodeHeader } from './header-codec.js';
import { type LockedFile, type LockOptions, openLocked, unlock } from './locked-file.js';
import { LoadedFile } from './page-file.js';
import { toStoreError } from './store-errors.js';

const readAt = promisify(read);

/** More than any spamd has: some ten million entries. */
const MOST_BYTES = 2 ** 31;
const BYTES_AT_ONCE = 2 ** 24;

/**
 * Reads a whole file while it is locked. The lock is held for as long as that takes, some 10 ms for 100,000
 * entries, and not while somebody looks through the copy. Errors are {@link StoreError}s.
 */
export async function takeSnapshot(path: string, lock: LockOptions): Promise<Uint8Array> {
  return withLock(path, lock, async ({ fd, stats }) => {
    if (stats.size > MOST_BYTES) {
      throw new StoreError('failed', `Cannot read store "${path}": it has ${stats.size} bytes`);
    }
    const bytes = Buffer.allocUnsafeSlow(stats.size);
    return bytes.subarray(0, await fill(fd, bytes));
  });
}

/** Throws a {@link StoreError} unless a file has no header yet, or one that describes it. */
export async function checkHeader(path: string, lock: LockOptions): Promise<void> {
  await withLock(path, lock, async ({ fd, stats }) => {
    const bytes = new Uint8Array(Math.min(stats.size, LONGEST_BLANK));
    const begin = new LoadedFile(bytes.subarray(0, await fill(fd, bytes)));
    const isWhole = stats.size <= LONGEST_BLANK;
    if (!isWhole || !isBlank(begin)) decodeHeader(begin.read(0, HEADER_BYTES), stats.size);
  });
}

async function withLock<T>(
  path: string,
  lock: LockOptions,
  use: (file: LockedFile) => Promise<T>,
): Promise<T> {
  const file = await openLocked(path, false, lock);
  try {
    return await use(file);
  } catch (error) {
    throw toStoreError(path, error);
  } finally {
    await unlock(file);
  }
}

/** Reads from the beginning of a file; gives how many bytes there were. */
async function fill(fd: number, bytes: Uint8Array): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await readAt(fd, bytes, done, Math.min(BYTES_AT_ONCE, bytes.length - done), done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
