// `set` options. Those that decide over connections are read; of the others the text is kept.

import type { Statement } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';
import { parseInterfaces } from './interfaces.js';
import { parseOneOrList } from './list.js';

const NAMES = [
  ...['block-policy', 'debug', 'fail-policy', 'fingerprints', 'hostid', 'keepcounters', 'loginterface'],
  ...[
    'optimization',
    'reassemble',
    'require-order',
    'ruleset-optimization',
    'state-defaults',
    'state-policy',
  ],
  ...['syncookies', 'timeout'],
];

/** Reads an option, the word `set` being next. */
export function parseSet(context: Context): Statement {
  const { cursor } = context;
  const { position } = cursor;
  cursor.expectWord('set');
  if (cursor.acceptWord('skip')) {
    if (!cursor.isWord('on')) throw cursor.problem('"on"');
    const interfaces = parseInterfaces(cursor);
    return { kind: 'skip', position, interfaces };
  }
  if (cursor.acceptWord('limit')) {
    return { kind: 'limit', position, limits: parseOneOrList(cursor, () => parseLimit(cursor)) };
  }
  const name = cursor.acceptWords(NAMES);
  if (name === null) throw cursor.problem('an option of pf');
  return { kind: 'set', position, name, text: cursor.restWithBraces() };
}

function parseLimit(cursor: Cursor): { name: string; value: number } {
  return { name: cursor.name('what is limited'), value: cursor.number('a limit') };
}
