// Where a thing stands in a rules file, and what is said of the parts that are not understood.

/** A place in a file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A part of a file that is not understood, and why. */
export interface Diagnostic extends Position {
  readonly message: string;
}

/** `file:line:column: message`, as compilers write it. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return `${formatPosition(diagnostic)}:${diagnostic.column}: ${diagnostic.message}`;
}

/** `file:line`. */
export function formatPosition(position: Position): string {
  return `${position.file}:${position.line}`;
}

/** Which pf: OpenBSD's translates inside filter rules, FreeBSD's has rdr and nat rules before them. */
export type Dialect = 'openbsd' | 'freebsd';

/** Gives the text of a file that a ruleset names; throws when it cannot be read. */
export type ReadFile = (path: string) => string;

/**
 * Thrown inside the grammar where a statement stops making sense, and caught where the statement began: it never
 * leaves the parser.
 */
export class SyntaxProblem extends Error {
  readonly position: Position;

  constructor(message: string, position: Position) {
    super(message);
    this.name = 'SyntaxProblem';
    this.position = position;
  }
}
