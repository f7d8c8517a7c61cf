// One rule as pf would hold it, made of its statement and of what is its own among the statement's variants.

import type {
  AnchorRule,
  FilterRule,
  LogSpec,
  RuleOption,
  TranslationAnchor,
  TranslationRule,
} from './ast.js';
import type { Variant } from './expand.js';
import type { AnchorCall, LoadedRule, RuleStatement } from './loaded.js';

/** A rule that has not got its number yet. */
export type UnnumberedRule = Omit<LoadedRule, 'id'>;

/** The rule that one variant of a statement is. */
export function loadedRule(
  statement: FilterRule | AnchorRule | TranslationRule | TranslationAnchor,
  path: string,
  variant: Variant,
  call: AnchorCall | null,
): UnnumberedRule {
  const { doubts, ...matcher } = variant;
  return {
    ...matcher,
    ...partsOf(statement),
    statement,
    position: statement.position,
    ruleset: path,
    number: statement.number,
    doubts: [...doubts, ...statement.options.flatMap(doubtOf)],
    unknown: statement.unknown,
    call,
  };
}

type Parts = Pick<LoadedRule, 'action' | 'direction' | 'quick' | 'log' | 'options' | 'translation'>;

function partsOf(statement: FilterRule | AnchorRule | TranslationRule | TranslationAnchor): Parts {
  const { options } = statement;
  const none: { log: LogSpec | null; translation: null } = { log: null, translation: null };
  switch (statement.kind) {
    case 'filter': {
      const { action, direction, quick, log } = statement;
      return { action, direction, quick, log, options, translation: null };
    }
    case 'anchor':
      return { ...none, action: 'anchor', direction: statement.direction, quick: statement.quick, options };
    case 'translation-anchor':
      return { ...none, action: 'anchor', direction: null, quick: false, options };
    case 'translation': {
      const { type, no, pass, pool, log } = statement;
      return { action: type, direction: null, quick: false, log, options, translation: { no, pass, pool } };
    }
  }
}

/** What an option makes the rule's match depend on that cannot be told from here. */
function doubtOf(option: RuleOption): string[] {
  if (option.kind === 'probability' && option.percent < 100) return [`chance decides (${option.percent}%)`];
  if (option.kind !== 'condition') return [];
  const { keyword, text } = option;
  if (keyword === 'fragment' || keyword.startsWith('icmp')) return [];
  if (keyword === 'once') return ['no packet matched it before (once)'];
  return [`${keyword} ${text} applies`];
}

/** What stands in the place of a statement that is not understood: it may match anything and do anything. */
export function unknownRule(statement: RuleStatement, path: string): UnnumberedRule {
  return {
    statement,
    position: statement.position,
    ruleset: path,
    number: null,
    action: 'unknown',
    direction: null,
    quick: false,
    log: null,
    interface: null,
    family: null,
    protocol: null,
    source: null,
    sourcePort: null,
    destination: null,
    destinationPort: null,
    doubts: [],
    options: [],
    unknown: null,
    call: null,
    translation: null,
  };
}
