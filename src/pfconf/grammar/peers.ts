// `from … to …` of every kind of rule, with the operating system in between.

import type { Peer } from '../ast.js';
import type { Context } from './context.js';
import { parseHosts } from './hosts.js';
import { parseOneOrList } from './list.js';
import { parsePorts } from './ports.js';

/** Any address and port. */
export const ANY_PEER: Peer = { hosts: [], ports: [] };

/** What follows `from` or `to`. */
export function parsePeer(context: Context): Peer {
  const { cursor } = context;
  const hosts = cursor.isWord('port') ? null : parseHosts(context);
  const ports = cursor.acceptWord('port') ? parsePorts(cursor) : [];
  return { hosts: hosts ?? [], ports };
}

/** What follows `os`; an empty list where there is no `os`. */
export function parseOperatingSystems(context: Context): string[] {
  const { cursor } = context;
  if (!cursor.acceptWord('os')) return [];
  return parseOneOrList(cursor, () => cursor.name('an operating system'));
}
