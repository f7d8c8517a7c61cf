// Lists in braces: commas between the items are optional, line ends after the brace and after items are allowed.

import type { Cursor } from '../cursor.js';

/** One item, or the items of `{ … }`. */
export function parseOneOrList<T>(cursor: Cursor, parseItem: () => T): T[] {
  return cursor.isSymbol('{') ? parseList(cursor, parseItem) : [parseItem()];
}

/** The items of `{ … }`, at least one. */
export function parseList<T>(cursor: Cursor, parseItem: () => T): T[] {
  const items: T[] = [];
  cursor.expectSymbol('{');
  cursor.skipNewlines();
  do {
    if (items.length > 0) cursor.acceptSymbol(',');
    items.push(parseItem());
    cursor.skipNewlines();
  } while (!cursor.acceptSymbol('}'));
  return items;
}
