// `pass`, `block` and `match` rules.

import type { Direction, FilterRule, LogSpec } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';
import { parseLogQuick } from './log.js';
import { addressParts, emptyDraft, parseOptions, parseParts, toMatcher } from './matcher.js';

/** Whether a filter rule is next. */
export function isFilterRule(cursor: Cursor): boolean {
  return ['pass', 'block', 'match'].some(action => cursor.isWord(action));
}

/** Reads a filter rule, whose first word is next. */
export function parseFilterRule(context: Context, number: number | null): FilterRule {
  const { cursor } = context;
  const draft = emptyDraft(cursor.position, number);
  const action = cursor.acceptWords(['pass', 'block', 'match']) ?? 'pass';
  let blockPolicy = '';
  let direction: Direction | null = null;
  let logQuick: { log: LogSpec | null; quick: boolean } = { log: null, quick: false };
  parseParts(context, draft, [
    () => {
      if (action === 'block') blockPolicy = parseBlockPolicy(cursor);
    },
    () => {
      direction = cursor.acceptWords(['in', 'out']);
    },
    () => {
      logQuick = parseLogQuick(cursor);
    },
    ...addressParts(context, draft),
    () => parseOptions(context, draft),
    () => {
      if (!cursor.isAtEnd) throw cursor.problem();
    },
  ]);
  const { options } = draft;
  return { kind: 'filter', ...toMatcher(draft), action, blockPolicy, direction, ...logQuick, options };
}

const POLICIES = ['drop', 'return', 'return-rst', 'return-icmp', 'return-icmp6'] as const;

function parseBlockPolicy(cursor: Cursor): string {
  const policy = cursor.acceptWords(POLICIES) ?? '';
  const hasBrackets = policy.startsWith('return-') && cursor.isSymbol('(');
  return hasBrackets ? `${policy}(${cursor.bracketed()})` : policy;
}
