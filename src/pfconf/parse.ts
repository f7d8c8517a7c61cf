// Text of pf.conf(5), or what pfctl -s rules prints, to statements with their places.

import type { Statement } from './ast.js';
import { Cursor } from './cursor.js';
import { isTranslationAnchor, parseAnchor, parseTranslationAnchor } from './grammar/anchor.js';
import { parseAntispoof } from './grammar/antispoof.js';
import { type Context, report } from './grammar/context.js';
import { isFilterRule, parseFilterRule } from './grammar/filter.js';
import { parseInclude, parseLoadAnchor } from './grammar/include.js';
import { isMacro, parseMacro } from './grammar/macro.js';
import { parseSet } from './grammar/set.js';
import { parseTable } from './grammar/table.js';
import { isTranslationRule, parseTranslationRule } from './grammar/translation.js';
import { Lexer } from './lexer.js';
import { type Diagnostic, type Dialect, type ReadFile, SyntaxProblem } from './source.js';

/** Statements, and what of them is not understood. */
export interface Parsed {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

/** How a text is to be read. */
export interface ParseOptions {
  readonly dialect: Dialect;
  /** The name that positions give. */
  readonly file: string;
  /** Reads what `include` and `load anchor` name; without it they are reported as not read. */
  readonly readFile?: ReadFile;
}

/**
 * Parses a pf.conf(5). Never throws: what is not understood is in the diagnostics, and in the statements as an
 * `unknown` statement or as the unknown part of a rule.
 */
export function parsePfConf(text: string, options: ParseOptions): Parsed {
  return parse(text, options, false);
}

/**
 * Parses what `pfctl -s rules`, `-s nat`, `-vvsr` or `-a '*' -vvsr` printed: rules may have numbers (`@12`), lines of
 * counters in square brackets are left out. Never throws.
 */
export function parsePfctlRules(text: string, options: ParseOptions): Parsed {
  return parse(text, options, true);
}

function parse(text: string, options: ParseOptions, isListing: boolean): Parsed {
  const { dialect, file, readFile } = options;
  const macros = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const cursor = new Cursor(new Lexer(file, text, macros));
  const context: Context = { cursor, dialect, isListing, macros, diagnostics, readFile, files: [file] };
  const { statements } = parseStatements(context, 0);
  return { statements, diagnostics };
}

/** pfctl's PFCTL_ANCHOR_STACK_DEPTH. */
const ANCHOR_DEPTH_LIMIT = 64;

interface Body {
  readonly statements: Statement[];
  /** Whether the brace that closes an anchor was there. */
  readonly closed: boolean;
  /** Whether a diagnostic says already why it was not. */
  readonly isReported: boolean;
}

/** Statements up to the end of the file, or up to the brace that closes an anchor. */
function parseStatements(context: Context, depth: number): Body {
  const { cursor } = context;
  const statements: Statement[] = [];
  for (;;) {
    cursor.skipNewlines();
    if (cursor.peek().kind === 'end') return { statements, closed: false, isReported: false };
    if (depth > 0 && cursor.isSymbol('}')) {
      cursor.mark();
      cursor.take();
      if (cursor.isAtEnd) return { statements, closed: true, isReported: false };
      statements.push(unknownStatement(context, cursor.problem('the end of the line')));
      return { statements, closed: false, isReported: true };
    }
    if (!context.isListing || !skipNoise(cursor)) statements.push(parseStatement(context, depth));
  }
}

/** Counters, and what pfctl says on stderr where there is no ALTQ, are no rules. */
function skipNoise(cursor: Cursor): boolean {
  const isNoise =
    cursor.isSymbol('[') ||
    cursor.isWord('No') ||
    cursor.isWord('ALTQ') ||
    (cursor.isWord('TRANSLATION') && cursor.isWord('RULES:', 1)) ||
    (cursor.isWord('FILTER') && cursor.isWord('RULES:', 1));
  if (isNoise) cursor.restFromMark();
  return isNoise;
}

function parseStatement(context: Context, depth: number): Statement {
  const { cursor } = context;
  cursor.mark();
  try {
    const number = context.isListing ? parseNumber(cursor) : null;
    const statement = parseKnown(context, number, depth);
    if (statement && cursor.isAtEnd) return statement;
    throw cursor.problem(statement ? undefined : 'a rule, a table, a macro or an option');
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    return unknownStatement(context, error);
  }
}

function unknownStatement(context: Context, problem: SyntaxProblem): Statement {
  report(context, problem);
  const text = context.cursor.restFromMark();
  return { kind: 'unknown', position: problem.position, text };
}

/** `@12`, or `@12(1000000103)` as older pfSense prints its tracker. */
function parseNumber(cursor: Cursor): number | null {
  if (!cursor.acceptSymbol('@')) return null;
  const number = cursor.number('the number of a rule');
  if (cursor.isSymbol('(')) cursor.bracketed();
  return number;
}

function parseKnown(context: Context, number: number | null, depth: number): Statement | undefined {
  const { cursor, dialect } = context;
  if (isFilterRule(cursor)) return parseFilterRule(context, number);
  if (cursor.isWord('anchor') || (dialect === 'freebsd' && isTranslationAnchor(cursor))) {
    if (depth >= ANCHOR_DEPTH_LIMIT)
      throw cursor.problem(`at most ${ANCHOR_DEPTH_LIMIT} anchors in one another`);
    const parseBody = (inner: Context) => parseStatements(inner, depth + 1);
    if (cursor.isWord('anchor')) return parseAnchor(context, number, parseBody);
    return parseTranslationAnchor(context, number, parseBody);
  }
  if (dialect === 'freebsd' && isTranslationRule(cursor)) return parseTranslationRule(context, number);
  if (cursor.isWord('table')) return parseTable(context);
  if (cursor.isWord('set')) return parseSet(context);
  if (cursor.isWord('antispoof')) return parseAntispoof(context);
  if (cursor.isWord('include')) return parseInclude(context, parseOther);
  if (cursor.isWord('load')) return parseLoadAnchor(context, parseOther);
  if (isMacro(cursor)) return parseMacro(context);
  return parseUndeciding(context);
}

/** The statements of another file. */
function parseOther(context: Context): Statement[] {
  return parseStatements(context, 0).statements;
}

const UNDECIDING: Readonly<Record<Dialect, readonly string[]>> = {
  openbsd: ['queue', 'state', 'source'],
  freebsd: ['queue', 'altq', 'scrub', 'ether'],
};

/** Queues, limiters, normalization and Ethernet rules: nothing of them says where a connection goes. */
function parseUndeciding(context: Context): Statement | undefined {
  const { cursor } = context;
  const { position } = cursor;
  const isNoScrub = context.dialect === 'freebsd' && cursor.isWord('no') && cursor.isWord('scrub', 1);
  const keyword = isNoScrub ? 'no' : cursor.acceptWords(UNDECIDING[context.dialect]);
  if (isNoScrub) cursor.take();
  return keyword === null ? undefined : { kind: 'other', position, keyword, text: cursor.restWithBraces() };
}
