// Ports of `from` and `to`: numbers, names, ranges and operators.

import type { PortItem, PortOperator } from '../ast.js';
import type { Cursor } from '../cursor.js';
import { parseOneOrList } from './list.js';

const UNARY: readonly PortOperator[] = ['=', '!=', '<=', '>=', '<', '>'];
const BINARY: readonly PortOperator[] = ['><', '<>'];

/** What follows `port`. */
export function parsePorts(cursor: Cursor): PortItem[] {
  return parseOneOrList(cursor, () => parsePort(cursor));
}

function parsePort(cursor: Cursor): PortItem {
  const unary = acceptOperator(cursor, UNARY);
  const [low, high] = parseRange(cursor);
  if (unary !== undefined) {
    if (high !== undefined) throw cursor.problem('a single port with an operator before this');
    return { operator: unary, low };
  }
  const binary = high === undefined ? acceptOperator(cursor, BINARY) : undefined;
  if (binary === undefined) return high === undefined ? { operator: '=', low } : { operator: ':', low, high };
  const [end, more] = parseRange(cursor);
  if (more !== undefined) throw cursor.problem('a single port with an operator before this');
  return { operator: binary, low, high: end };
}

function acceptOperator(cursor: Cursor, operators: readonly PortOperator[]): PortOperator | undefined {
  if (operators.includes('!=') && cursor.isSymbol('!') && cursor.isSymbol('=', 1)) {
    cursor.take();
    cursor.take();
    return '!=';
  }
  return operators.find(operator => cursor.acceptSymbol(operator));
}

/** A port, or the two ends of `low:high`; a range of one port is that port. */
function parseRange(cursor: Cursor): [low: string, high?: string] {
  const text = cursor.name('a port');
  const match = /^([A-Za-z0-9][A-Za-z0-9_.+/-]*)(?::([A-Za-z0-9][A-Za-z0-9_.+/-]*))?$/.exec(text);
  const [, low, high] = match ?? [];
  const isOutside = [low, high].some(
    port => port !== undefined && /^\d+$/.test(port) && Number(port) > 65535,
  );
  if (low === undefined || isOutside) throw cursor.problem(`${JSON.stringify(text)} to be a port`);
  return high === undefined || high === low ? [low] : [low, high];
}
