// The folder of a daemon's database and of its lock: made where that is possible, and else told of with what to do.

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DatabaseName, folderOf, formatDatabase } from '../options/database.js';
import { folderFor, isFolder, isPathMissing, noFolder } from '../store/no-folder.js';
import { StoreError } from '../store/store.js';

const ANOTHER = 'or name another database with --database';

/**
 * Makes it, the last folder only: a mistyped path stays an error.
 * @param database with the path that links lead to
 * @throws {StoreError}
 */
export function makeDatabaseFolder(database: DatabaseName): void {
  const folder = folderOf(database);
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch (cause) {
    // Whatever may have been said of one that is there.
    if (isFolder(folder)) return;
    if (database.kind === 'spamd' && !existsSync(database.path)) {
      const text = `Cannot use store "${database.path}": no such file or directory`;
      throw new StoreError('missing', text, { cause });
    }
    const isFile = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    if (isFile || isPathMissing(cause))
      throw withoutFolder(database.path, isFile ? folder : dirname(folder), cause);
    throw forbidden(database, folder, cause);
  }
}

/** The error of a database whose path leads nowhere. */
export function leadsNowhere({ path }: DatabaseName, cause: unknown): StoreError {
  return new StoreError('no-folder', `${told(path, folderFor(path))}: mend it, ${ANOTHER}`, { cause });
}

function withoutFolder(path: string, folder: string, cause: unknown): StoreError {
  const isThere = (cause as NodeJS.ErrnoException).code !== 'ENOENT';
  return new StoreError('no-folder', `${told(path, folder)}: make ${isThere ? 'one' : 'it'}, ${ANOTHER}`, {
    cause,
  });
}

function told(path: string, folder: string): string {
  return noFolder('create store', path, folder).message;
}

function forbidden(database: DatabaseName, folder: string, cause: unknown): StoreError {
  const task =
    database.kind === 'sqlite'
      ? `Cannot create store "${database.path}"`
      : `Cannot have database "${formatDatabase(database)}" alone`;
  const why = `the folder "${folder}" is not there, and may not be made`;
  return new StoreError('permission', `${task}: ${why}: have root make it for this user, ${ANOTHER}`, {
    cause,
  });
}
