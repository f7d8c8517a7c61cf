// The key that peers share: read it once before privileges are dropped, or make one.

import { createHash, randomBytes } from 'node:crypto';
import { constants, type FileHandle, open, unlink } from 'node:fs/promises';

/** `missing`: there is no file, and HMACs prove nothing. `empty`: nor do they with a file of no bytes. */
export type SyncKeyState = 'present' | 'empty' | 'missing';

/** The key of a file. */
export interface SyncKey {
  /** What HMACs are made with: the SHA-1 of the file in lower-case hexadecimal; nothing where there is no file. */
  readonly key: Uint8Array;
  readonly state: SyncKeyState;
  /** Lines for the administrator, to be told at every start. */
  readonly warnings: readonly string[];
}

/**
 * The key in a file, as spamd's sync_init() and greyd derive it. No file is allowed, for compatibility with them, and
 * warned about; so is a file that others than its owner may read or change.
 *
 * @throws {Error} when there is something at `path` that cannot be read or is not a file.
 */
export async function readSyncKey(path: string): Promise<SyncKey> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to write into it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return missingKey(path);
    throw new Error(`Cannot read sync key "${path}": ${describe(error)}`, { cause: error });
  }
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error('not a regular file');
    const hash = createHash('sha1');
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk);
    return presentKey(path, hash.digest('hex'), status);
  } catch (error) {
    throw new Error(`Cannot read sync key "${path}": ${describe(error)}`, { cause: error });
  } finally {
    await file.close();
  }
}

function presentKey(path: string, digest: string, { size, mode }: { size: number; mode: number }): SyncKey {
  const warnings: string[] = [];
  if (size === 0) warnings.push(`Sync key "${path}" is empty: anyone can forge sync messages`);
  if ((mode & 0o022) !== 0) warnings.push(`Sync key "${path}" can be changed by others than its owner`);
  if ((mode & 0o044) !== 0) warnings.push(`Sync key "${path}" can be read by others than its owner`);
  return { key: Buffer.from(digest, 'latin1'), state: size === 0 ? 'empty' : 'present', warnings };
}

function missingKey(path: string): SyncKey {
  const warning = `Sync key "${path}" is missing: anyone can forge sync messages`;
  return { key: new Uint8Array(0), state: 'missing', warnings: [warning] };
}

/** Random bytes in a key that we make: as many as HMAC-SHA1 has use for. */
const KEY_BYTES = 64;

/**
 * Makes a key file that only its owner may read (0600), of random text so that it can be copied anywhere.
 *
 * @throws {Error} when there is something at `path` already, or it cannot be written.
 */
export async function makeSyncKey(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    throw new Error(`Cannot make sync key "${path}": ${describe(error)}`, { cause: error });
  }
  try {
    await file.chmod(0o600);
    await file.writeFile(`${randomBytes(KEY_BYTES).toString('base64url')}\n`);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw new Error(`Cannot make sync key "${path}": ${describe(error)}`, { cause: error });
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it exists already',
  EISDIR: 'is a directory',
  ENOENT: 'no such directory',
  ENOTDIR: 'no such directory',
  EROFS: 'read-only file system',
};

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || message;
}
