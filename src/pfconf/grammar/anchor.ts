// `anchor` and FreeBSD's `nat-anchor`, `rdr-anchor` and `binat-anchor`, with or without their rules in braces.

import type { AnchorRule, Direction, Statement, TranslationAnchor, TranslationType } from '../ast.js';
import type { Cursor } from '../cursor.js';
import { isReserved } from '../reserved.js';
import { type Position, SyntaxProblem } from '../source.js';
import { type Context, report } from './context.js';
import { addressParts, type Draft, emptyDraft, parseOptions, parseParts, toMatcher } from './matcher.js';

/** Reads the statements of a body up to its closing brace; whether that was there. */
export type ParseBody = (context: Context) => {
  statements: Statement[];
  closed: boolean;
  isReported: boolean;
};

interface Body {
  readonly body: readonly Statement[] | null;
  readonly closed: boolean;
}

/** Reads an anchor, whose first word is next. */
export function parseAnchor(context: Context, number: number | null, parseBody: ParseBody): AnchorRule {
  const { cursor } = context;
  const draft = emptyDraft(cursor.position, number);
  cursor.take();
  let name: string | null = null;
  let direction: Direction | null = null;
  let quick = false;
  parseParts(context, draft, [
    () => {
      name = isName(cursor) ? cursor.name('a name') : null;
    },
    () => {
      direction = cursor.acceptWords(['in', 'out']);
    },
    () => {
      quick = cursor.acceptWord('quick');
    },
    ...addressParts(context, draft),
    () => parseOptions(context, draft),
    () => {
      if (name === null && !cursor.isSymbol('{')) throw cursor.problem('a name or the rules in braces');
    },
  ]);
  const body = parseBraces(context, draft, parseBody);
  return { kind: 'anchor', ...toMatcher(draft), name, direction, quick, options: draft.options, ...body };
}

const TRANSLATION_ANCHORS: ReadonlyMap<string, TranslationType> = new Map([
  ['nat-anchor', 'nat'],
  ['rdr-anchor', 'rdr'],
  ['binat-anchor', 'binat'],
]);

/** Whether an anchor of translation rules is next. */
export function isTranslationAnchor(cursor: Cursor): boolean {
  const { kind, text } = cursor.peek();
  return kind === 'word' && TRANSLATION_ANCHORS.has(text);
}

/** Reads an anchor of translation rules, whose first word is next. */
export function parseTranslationAnchor(
  context: Context,
  number: number | null,
  parseBody: ParseBody,
): TranslationAnchor {
  const { cursor } = context;
  const draft = emptyDraft(cursor.position, number);
  const type = TRANSLATION_ANCHORS.get(cursor.take().text) ?? 'rdr';
  let name = '';
  parseParts(context, draft, [
    () => {
      name = cursor.name('the name of the anchor');
    },
    ...addressParts(context, draft),
    () => parseOptions(context, draft),
  ]);
  const body = parseBraces(context, draft, parseBody);
  return { kind: 'translation-anchor', ...toMatcher(draft), type, name, options: draft.options, ...body };
}

function isName(cursor: Cursor): boolean {
  const { kind, text } = cursor.peek();
  return kind === 'string' || (kind === 'word' && !isReserved(text));
}

/** The rules in braces. Where the rest of the line was not understood but ends in a brace, they are read all the same. */
function parseBraces(context: Context, draft: Draft, parseBody: ParseBody): Body {
  const { cursor } = context;
  const { position } = cursor;
  if (draft.unknown?.text.match(/(?:^| )\{$/)) {
    draft.unknown = { ...draft.unknown, text: draft.unknown.text.replace(/ ?\{$/, '') };
    return readBody(context, parseBody, position);
  }
  if (draft.unknown || cursor.isAtEnd) return { body: null, closed: true };
  cursor.mark();
  cursor.acceptSymbol('{');
  if (cursor.isAtEnd) return readBody(context, parseBody, position);
  // The rules have to begin on a line of their own.
  const problem = cursor.problem('the end of the line');
  report(context, problem);
  draft.unknown = { text: cursor.restFromMark(), position: problem.position };
  return { body: null, closed: true };
}

function readBody(context: Context, parseBody: ParseBody, position: Position): Body {
  const { statements, closed, isReported } = parseBody(context);
  if (!closed && !isReported) {
    report(context, new SyntaxProblem('the brace of this anchor is never closed', position));
  }
  return { body: statements, closed };
}
