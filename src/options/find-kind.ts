// Which kind of database a file is, told from its beginning where its name does not say.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { DatabaseKind, DatabaseName } from './database.js';

const SQLITE = Buffer.from('SQLite format 3\0', 'latin1');

/** The magic of a Berkeley DB 1.85 hash file, in either byte order (db/hash/hash.h). */
const HASH = [Buffer.from([0x00, 0x06, 0x15, 0x61]), Buffer.from([0x61, 0x15, 0x06, 0x00])];

/** The database's kind, or undefined for a file that is none; one that cannot be read is for whoever opens it to tell. */
export function findKind(path: string): DatabaseKind | undefined {
  const head = Buffer.alloc(SQLITE.length);
  let size = 0;
  try {
    // A FIFO would wait for its writer, and lose what is read here.
    if (!statSync(path).isFile()) return undefined;
    const fd = openSync(path, 'r');
    try {
      size = readSync(fd, head, 0, head.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
  if (size === head.length && head.equals(SQLITE)) return 'sqlite';
  return size >= 4 && HASH.some(magic => head.subarray(0, 4).equals(magic)) ? 'spamd' : undefined;
}

/** The database that an operand means: a bare path's kind is told from its content, SQLite where that tells nothing. */
export function withKindFound(text: string, name: DatabaseName): DatabaseName {
  return text === name.path ? { ...name, kind: findKind(name.path) ?? name.kind } : name;
}
