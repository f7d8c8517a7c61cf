// `name = "value"`.

import type { Statement } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';

/** Values beyond this are refused: a macro of macros of macros would otherwise fill the memory. */
const VALUE_LIMIT = 65_536;

/** Whether the definition of a macro is next. */
export function isMacro(cursor: Cursor): boolean {
  const { kind } = cursor.peek();
  return (kind === 'word' || kind === 'string') && cursor.isSymbol('=', 1);
}

/** Reads a definition and makes it count from here on. */
export function parseMacro(context: Context): Statement {
  const { cursor, macros } = context;
  const { position } = cursor;
  const name = cursor.name('a macro');
  if (/\s/.test(name)) throw cursor.problem('a macro name without blanks before this');
  cursor.expectSymbol('=');
  const words: string[] = [];
  let length = 0;
  while (!cursor.isAtEnd) {
    const word = cursor.name('a value');
    length += word.length + 1;
    if (length > VALUE_LIMIT)
      throw cursor.problem(`a value of at most ${VALUE_LIMIT} characters before this`);
    words.push(word);
  }
  if (words.length === 0) throw cursor.problem('a value');
  const value = words.join(' ');
  if (!closesItsQuotes(value)) throw cursor.problem('a value that closes its quotes before this');
  macros.set(name, value);
  return { kind: 'macro', position, name, value };
}

/** A quote left open would swallow what follows where the macro is used. */
function closesItsQuotes(value: string): boolean {
  let open = '';
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!;
    if (open === '') open = (char === '"' || char === "'") && !isInsideWord(value, i) ? char : '';
    else if (char === '\\' && [open, ' ', '\t'].includes(value[i + 1] ?? '')) i++;
    else if (char === open) open = '';
  }
  return open === '';
}

/** A quote is an ordinary character in the middle of a word. */
function isInsideWord(value: string, at: number): boolean {
  return /[^\s(){}<>!=/#,]$/.test(value.slice(0, at));
}
