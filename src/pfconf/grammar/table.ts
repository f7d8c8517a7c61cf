// `table <name> [const] [persist] [counters] [{ addresses }] [file "path"]`.

import type { Host, TableStatement } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';
import { parseHost } from './hosts.js';
import { parseList } from './list.js';

const FLAGS = ['const', 'persist', 'counters'] as const;
/** pf's PF_TABLE_NAME_SIZE, with the end of the string. */
const NAME_SIZE = 32;
const NESTING_LIMIT = 32;

/** Reads a table, whose first word is next. */
export function parseTable(context: Context): TableStatement {
  const { cursor } = context;
  const { position } = cursor;
  cursor.expectWord('table');
  cursor.expectSymbol('<');
  const name = cursor.name('the name of the table');
  if (name.length >= NAME_SIZE)
    throw cursor.problem(`a table name of at most ${NAME_SIZE - 1} characters before this`);
  cursor.expectSymbol('>');
  const flags: (typeof FLAGS)[number][] = [];
  const files: string[] = [];
  let hosts: Host[] | null = null;
  while (!cursor.isAtEnd) {
    const flag = cursor.acceptWords(FLAGS);
    if (flag !== null) flags.push(flag);
    else if (cursor.acceptWord('file')) files.push(cursor.name('a path'));
    else if (cursor.isSymbol('{')) hosts = [...(hosts ?? []), ...parseAddresses(context, 0)];
    else throw cursor.problem('const, persist, counters, addresses in braces or a file');
  }
  return { kind: 'table', position, name, flags, hosts, files };
}

function parseAddresses(context: Context, depth: number): Host[] {
  const { cursor } = context;
  if (isEmptyList(cursor)) return [];
  if (depth >= NESTING_LIMIT) throw cursor.problem('a list nested less deep');
  return parseList(cursor, () =>
    cursor.isSymbol('{') ? parseAddresses(context, depth + 1) : [parseAddress(context)],
  ).flat();
}

/** Takes `{ }` where that is next. */
function isEmptyList(cursor: Cursor): boolean {
  if (!cursor.isSymbol('}', 1)) return false;
  cursor.take();
  cursor.take();
  return true;
}

function parseAddress(context: Context): Host {
  const host = parseHost(context);
  if (host.kind !== 'prefix' && host.kind !== 'name') {
    throw context.cursor.problem('an address, an interface or a host name before this');
  }
  return context.cursor.acceptWord('weight') ? { ...host, weight: context.cursor.number('a weight') } : host;
}
