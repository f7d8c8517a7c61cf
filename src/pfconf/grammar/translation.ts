// FreeBSD's `nat`, `rdr` and `binat` rules.

import type { LogSpec, Pool, TranslationRule } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';
import { parseLog } from './log.js';
import { addressParts, emptyDraft, parseOptions, parseParts, toMatcher } from './matcher.js';
import { parsePool } from './pool.js';

const TYPES = ['nat', 'rdr', 'binat'] as const;

/** Whether a translation rule is next. */
export function isTranslationRule(cursor: Cursor): boolean {
  return TYPES.some(type => cursor.isWord(type) || (cursor.isWord('no') && cursor.isWord(type, 1)));
}

/** Reads a translation rule, whose first word is next. */
export function parseTranslationRule(context: Context, number: number | null): TranslationRule {
  const { cursor } = context;
  const draft = emptyDraft(cursor.position, number);
  const no = cursor.acceptWord('no');
  const type = cursor.acceptWords(TYPES) ?? 'rdr';
  let pass = false;
  let log: LogSpec | null = null;
  let pool: Pool | null = null;
  parseParts(context, draft, [
    () => {
      pass = !no && cursor.acceptWord('pass');
    },
    () => {
      log = parseLog(cursor);
    },
    ...addressParts(context, draft),
    () => parseOptions(context, draft),
    () => {
      if (no) return;
      cursor.expectSymbol('->');
      pool = parsePool(context);
    },
    () => {
      if (!cursor.isAtEnd) throw cursor.problem();
    },
  ]);
  return { kind: 'translation', ...toMatcher(draft), type, no, pass, log, options: draft.options, pool };
}
