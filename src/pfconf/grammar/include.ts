// `include "file"` and `load anchor name from "file"`.

import type { Statement } from '../ast.js';
import { Cursor } from '../cursor.js';
import { Lexer } from '../lexer.js';
import { type Position, SyntaxProblem } from '../source.js';
import { type Context, report } from './context.js';

const DEPTH_LIMIT = 16;

/** Reads all statements of a file. */
export type ParseFile = (context: Context) => Statement[];

/** Reads `include`, that word being next; macros of the file count in what follows. */
export function parseInclude(context: Context, parseFile: ParseFile): Statement {
  const { cursor } = context;
  const { position } = cursor;
  cursor.expectWord('include');
  const place = cursor.position;
  const path = cursor.name('a file');
  const statements = readStatements(context, path, place, context.macros, parseFile);
  return { kind: 'include', position, path, statements };
}

/** Reads `load anchor`, the word `load` being next; the file has macros of its own. */
export function parseLoadAnchor(context: Context, parseFile: ParseFile): Statement {
  const { cursor } = context;
  const { position } = cursor;
  cursor.expectWord('load');
  cursor.expectWord('anchor');
  const name = cursor.name('the name of the anchor');
  cursor.expectWord('from');
  const place = cursor.position;
  const path = cursor.name('a file');
  const statements = readStatements(context, path, place, new Map(), parseFile);
  return { kind: 'load-anchor', position, name, path, statements };
}

/** The statements of the file, or null and a diagnostic. */
function readStatements(
  context: Context,
  path: string,
  position: Position,
  macros: Map<string, string>,
  parseFile: ParseFile,
): Statement[] | null {
  const refuse = (why: string): null => {
    report(context, new SyntaxProblem(`Cannot read ${JSON.stringify(path)}: ${why}`, position));
    return null;
  };
  if (context.files.includes(path)) return refuse('it includes itself');
  if (context.files.length > DEPTH_LIMIT) return refuse(`more than ${DEPTH_LIMIT} files in one another`);
  if (!context.readFile) return refuse('included files are not read here');
  let text: string;
  try {
    text = context.readFile(path);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const cursor = new Cursor(new Lexer(path, text, macros));
  return parseFile({ ...context, cursor, macros, files: [...context.files, path] });
}
