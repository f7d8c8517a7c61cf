// Which database is meant: its kind, and where it is.

import { basename, dirname, join } from 'node:path';
import type { Parsed } from './values.js';

/** `sqlite` is a file shared with greyd, or our own; `spamd` the Berkeley DB 1.85 hash file of spamd(8). */
export type DatabaseKind = 'sqlite' | 'spamd';

/** A database as an option or operand names it. */
export interface DatabaseName {
  readonly kind: DatabaseKind;
  readonly path: string;
}

const KINDS: readonly DatabaseKind[] = ['sqlite', 'spamd'];

/** Something that looks like a kind: a path that begins so is written `./name:rest` or `sqlite:name:rest`. */
const PREFIX = /^([a-z][a-z0-9+.-]*):/i;

/** The name in `PATH`, `sqlite:PATH` or `spamd:PATH`. */
export function parseDatabase(text: string): Parsed<DatabaseName> {
  const prefix = PREFIX.exec(text)?.[1];
  const kind = prefix === undefined ? 'sqlite' : KINDS.find(one => one === prefix);
  const path = prefix === undefined ? text : text.slice(prefix.length + 1);
  return kind === undefined || path === ''
    ? { expected: 'a database as PATH, sqlite:PATH or spamd:PATH' }
    : { value: { kind, path } };
}

/** How people are told of a database: its path, with the kind where that is not the usual one. */
export function formatDatabase({ kind, path }: DatabaseName): string {
  return kind === 'sqlite' ? path : `${kind}:${path}`;
}

/** The folder for what we keep beside a database. Only root may write to that of spamd's, so it has one of its own. */
export function folderOf({ kind, path }: DatabaseName): string {
  return kind === 'sqlite' ? dirname(path) : join(dirname(path), 'spamlogd');
}

/** Where sightings are kept that spamd's database has no room for, unless said otherwise. */
export function sightingsBeside(database: DatabaseName): string {
  return join(folderOf(database), `${basename(database.path)}.sightings`);
}

/** Where it is kept which messages of peers were accepted last. */
export function seenFileOf(database: DatabaseName): string {
  return join(folderOf(database), `${basename(database.path)}.sync`);
}

/** The file that says which daemon has a database. */
export function lockFileOf(database: DatabaseName): string {
  return join(folderOf(database), `${basename(database.path)}.lock`);
}
