// `antispoof [log] [quick] for interfaces`.

import type { AntispoofRule, Family, RuleOption } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';
import { parseOneOrList } from './list.js';
import { parseLogQuick } from './log.js';
import { parseOption } from './options.js';

/** Reads an antispoof statement, whose first word is next. */
export function parseAntispoof(context: Context): AntispoofRule {
  const { cursor } = context;
  const { position } = cursor;
  cursor.expectWord('antispoof');
  const logQuick = parseLogQuick(cursor);
  cursor.expectWord('for');
  const interfaces = parseOneOrList(cursor, () => parseInterface(cursor));
  const family: Family | null = cursor.acceptWords(['inet', 'inet6']);
  const options: RuleOption[] = [];
  while (!cursor.isAtEnd) {
    const isKnown = ['label', 'rtable', 'ridentifier'].some(word => cursor.isWord(word));
    const option = isKnown ? parseOption(context) : null;
    if (!option) throw cursor.problem();
    options.push(option);
  }
  return { kind: 'antispoof', position, ...logQuick, interfaces, family, options };
}

function parseInterface(cursor: Cursor): { name: string; dynamic: boolean } {
  const dynamic = cursor.acceptSymbol('(');
  const name = cursor.name('an interface');
  if (dynamic) cursor.expectSymbol(')');
  return { name, dynamic };
}
