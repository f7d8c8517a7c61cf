// `log (all, matches, user, to pflogN)`.

import type { LogSpec } from '../ast.js';
import type { Cursor } from '../cursor.js';

/** What `log` says; null where there is no `log`. */
export function parseLog(cursor: Cursor): LogSpec | null {
  if (!cursor.acceptWord('log')) return null;
  const log = { all: false, matches: false, user: false, interface: 0 };
  if (!cursor.acceptSymbol('(')) return log;
  do {
    const option = cursor.acceptWords(['all', 'matches', 'user', 'to']);
    if (option === null) throw cursor.problem('all, matches, user or to');
    if (option === 'to') log.interface = parseLogInterface(cursor);
    else log[option] = true;
    cursor.acceptSymbol(',');
  } while (!cursor.acceptSymbol(')'));
  return log;
}

function parseLogInterface(cursor: Cursor): number {
  const match = /^pflog(\d{1,3})$/.exec(cursor.peek().text);
  if (!match || Number(match[1]) > 255) throw cursor.problem('a pflog interface');
  cursor.take();
  return Number(match[1]);
}

/** `log` and `quick`, in either order. */
export function parseLogQuick(cursor: Cursor): { log: LogSpec | null; quick: boolean } {
  const before = cursor.acceptWord('quick');
  const log = parseLog(cursor);
  return { log, quick: before || (log !== null && cursor.acceptWord('quick')) };
}
