// `on` interfaces: names, groups, `any` and routing domains, with `!`.

import type { InterfaceItem } from '../ast.js';
import type { Cursor } from '../cursor.js';
import { parseOneOrList } from './list.js';

/** What follows `on`; an empty list where there is no `on`. */
export function parseInterfaces(cursor: Cursor): InterfaceItem[] {
  if (!cursor.acceptWord('on')) return [];
  return parseOneOrList(cursor, () => parseInterfaceItem(cursor));
}

/** One interface, perhaps negated. */
export function parseInterfaceItem(cursor: Cursor): InterfaceItem {
  const negated = cursor.acceptSymbol('!');
  if (cursor.acceptWord('rdomain')) return { negated, name: '', rdomain: cursor.number('a routing domain') };
  if (cursor.acceptWord('any')) return { negated, name: 'any' };
  return { negated, name: cursor.name('an interface') };
}
