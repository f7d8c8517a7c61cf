// What the parts of the grammar share while one file is read.

import type { Cursor } from '../cursor.js';
import type { Diagnostic, Dialect, ReadFile, SyntaxProblem } from '../source.js';

/** State of the parser; one for each file, with macros and diagnostics shared between them. */
export interface Context {
  readonly cursor: Cursor;
  readonly dialect: Dialect;
  /** Whether the text was printed by pfctl: rules may have numbers and counters then. */
  readonly isListing: boolean;
  readonly macros: Map<string, string>;
  readonly diagnostics: Diagnostic[];
  readonly readFile: ReadFile | undefined;
  /** The files being read, outermost first. */
  readonly files: readonly string[];
}

/** Keeps a problem for the reader of the result. */
export function report(context: Context, problem: SyntaxProblem): void {
  context.diagnostics.push({ ...problem.position, message: problem.message });
}
