// Where a translation or a route goes: addresses, a port, and how one of the addresses is picked.

import type { Host, Pool } from '../ast.js';
import { joinTokens } from '../cursor.js';
import { isReserved } from '../reserved.js';
import type { Context } from './context.js';
import { parseHost } from './hosts.js';
import { parseOneOrList } from './list.js';

const FLAGS = ['bitmask', 'random', 'round-robin', 'least-states', 'static-port', 'sticky-address'] as const;
const PORT = /^(?:\d{1,5}|[A-Za-z][A-Za-z0-9-]*)(?::(?:\d{1,5}|[A-Za-z][A-Za-z0-9-]*|\*))?$/;

/** The pool behind `nat-to`, `rdr-to`, `af-to` or `->`. */
export function parsePool(context: Context): Pool {
  const { cursor } = context;
  const hosts = parseOneOrList(cursor, () => parsePoolHost(context));
  const port = cursor.acceptWord('port') ? parsePoolPort(context) : null;
  return { hosts, port, options: parsePoolOptions(context) };
}

/** A port, a range, or `low:*`. */
export function parsePoolPort(context: Context): string {
  const { cursor } = context;
  const text = cursor.name('a port');
  const isInside = text.split(':').every(port => !/^\d+$/.test(port) || Number(port) <= 65535);
  if (!PORT.test(text) || !isInside) throw cursor.problem(`${JSON.stringify(text)} to be a port or a range`);
  return text;
}

/** The pool behind `route-to`, `reply-to` or `dup-to`; older rules name the interface too: `(em0 192.0.2.1)`. */
export function parseRoutePool(context: Context): Pool {
  const { cursor } = context;
  const hosts = parseOneOrList(cursor, () => parseRouteHost(context));
  return { hosts, port: null, options: parsePoolOptions(context) };
}

function parseRouteHost(context: Context): Host {
  const { cursor } = context;
  const isPair =
    cursor.isSymbol('(') && ['word', 'string'].includes(cursor.peek(1).kind) && !cursor.isSymbol(')', 2);
  if (!isPair) return parsePoolHost(context);
  cursor.expectSymbol('(');
  const name = cursor.name('an interface');
  const host = parseHost(context);
  cursor.expectSymbol(')');
  if (host.kind !== 'prefix') throw cursor.problem('an address behind the interface in the brackets');
  return { ...host, interface: name };
}

function parsePoolHost(context: Context): Host {
  const host = parseHost(context);
  if (host.negated) throw context.cursor.problem('an address that is not negated before this');
  return context.cursor.acceptWord('weight') ? { ...host, weight: context.cursor.number('a weight') } : host;
}

function parsePoolOptions({ cursor }: Context): string[] {
  const options: string[] = [];
  for (;;) {
    const flag = cursor.acceptWords(FLAGS);
    if (flag !== null) options.push(flag);
    else if (cursor.acceptWord('source-hash')) {
      const { kind, text } = cursor.peek();
      const hasKey = kind === 'string' || (kind === 'word' && !isReserved(text));
      options.push(hasKey ? `source-hash ${joinTokens([cursor.take()])}` : 'source-hash');
    } else if (cursor.acceptWord('map-e-portset')) {
      const parts = [cursor.number('an offset')];
      while (cursor.acceptSymbol('/')) parts.push(cursor.number('a length'));
      options.push(`map-e-portset ${parts.join('/')}`);
    } else return options;
  }
}
