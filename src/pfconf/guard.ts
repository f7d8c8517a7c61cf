// The rule guard: rules that send SMTP to a tarpit, so that what they log never whitelists anyone.

import type { LoadedRule, LoadedRules } from './loaded.js';
import { rulesetName } from './paths.js';
import { printFilterRule } from './print.js';
import { type PortNames, redirectsSmtp } from './redirects.js';
import type { Dialect } from './source.js';

/** A rule whose records are refused. */
export interface GuardedRule {
  /** As a pflog record has it: '' for the main ruleset, null for a brace anchor without a name (any `_N`). */
  readonly ruleset: string | null;
  /** The rule's number in its ruleset. */
  readonly number: number;
  /** The rule as pfctl writes it; for one given by hand, what was given. */
  readonly text: string;
  /** False where only the port it redirects to is not understood. */
  readonly isCertain: boolean;
  /** Numbers of the anchor rules through which it is reached; empty where they are not known. */
  readonly calls: readonly number[];
}

/** Which records to refuse. */
export interface RuleGuard {
  /** All rules that are guarded. */
  readonly rules: readonly GuardedRule[];
  /** What could not be read: anchors whose rules are not in the text, rules that are not understood. */
  readonly gaps: readonly string[];
  /**
   * The guarded rule that a record names, if it names one. `ruleset`, `rulenr` and `subrulenr` are those of the pflog
   * header: in an anchor, `rulenr` is the anchor rule's number and `subrulenr` the rule's own; null outside of one.
   */
  matches(ruleset: string, rulenr: number, subrulenr: number | null): GuardedRule | undefined;
}

/**
 * The guard over rules as pfctl printed them (`pfctl -a '*' -vvsr`). Over rules counted from a file it is a guess as
 * good as the numbers: pfctl's optimizer may have changed these.
 */
export function guardRules(rules: LoadedRules, dialect: Dialect, names: PortNames = {}): RuleGuard {
  const found = [...rules.rulesets.values()].flatMap(({ filter }) => filter);
  const guarded = found.flatMap(rule => {
    const verdict = redirectsSmtp(rule, names);
    if (verdict === 'no' || rule.number === null) return [];
    const ruleset = rulesetName(rule.ruleset);
    const calls = callNumbers(rule.ruleset, found, []);
    const text = ruleText(rule, dialect);
    return [{ ruleset, number: rule.number, text, isCertain: verdict === 'yes', calls }];
  });
  return new GuardedRules(guarded, [...found.flatMap(gapsOf), ...unreadFiles(rules)]);
}

/** A guard over a list of rules. */
export function guardOf(rules: readonly GuardedRule[]): RuleGuard {
  return new GuardedRules(rules, []);
}

/** Several guards as one: a record is refused when one of them refuses it. */
export function joinGuards(...guards: readonly RuleGuard[]): RuleGuard {
  return new GuardedRules(
    guards.flatMap(guard => guard.rules),
    guards.flatMap(guard => guard.gaps),
  );
}

class GuardedRules implements RuleGuard {
  readonly rules: readonly GuardedRule[];
  readonly gaps: readonly string[];
  readonly #byNumber = new Map<number, GuardedRule[]>();

  constructor(rules: readonly GuardedRule[], gaps: readonly string[]) {
    this.rules = rules;
    this.gaps = gaps;
    for (const rule of rules)
      this.#byNumber.set(rule.number, [...(this.#byNumber.get(rule.number) ?? []), rule]);
  }

  matches(ruleset: string, rulenr: number, subrulenr: number | null): GuardedRule | undefined {
    const candidates = this.#byNumber.get(subrulenr ?? rulenr);
    return candidates?.find(({ ruleset: name, calls }) => {
      if (subrulenr === null || name === '') return subrulenr === null && name === '' && ruleset === '';
      const isNamed = name === null ? /^_\d+$/.test(ruleset) : name === ruleset;
      return isNamed && (calls.length === 0 || calls.includes(rulenr));
    });
  }
}

/**
 * Numbers of the rules through which the ruleset at `path` is reached: FreeBSD's records name the outermost anchor
 * rule, OpenBSD's the innermost.
 */
function callNumbers(path: string, rules: readonly LoadedRule[], seen: readonly string[]): number[] {
  if (path === '' || seen.includes(path)) return [];
  const parent = path.split('/').slice(0, -1).join('/');
  const callers = rules.filter(({ call }) => call?.path === (call?.isWildcard ? parent : path));
  const numbers = callers.flatMap(caller => [
    caller.number,
    ...callNumbers(caller.ruleset, rules, [...seen, path]),
  ]);
  return [...new Set(numbers.filter(number => number !== null))];
}

function ruleText({ statement }: LoadedRule, dialect: Dialect): string {
  return statement.kind === 'filter' ? printFilterRule({ ...statement, number: null }, dialect) : '';
}

function gapsOf(rule: LoadedRule): string[] {
  const { statement, call, action, position, unknown } = rule;
  if (statement.kind === 'anchor' && statement.body === null) {
    return [`the rules of anchor "${call?.path ?? ''}" are not in the list`];
  }
  const isUnclear = action === 'unknown' || (action === 'pass' && unknown !== null);
  return isUnclear ? [`${position.file}:${position.line} is not understood`] : [];
}

function unreadFiles(rules: LoadedRules): string[] {
  return rules.diagnostics.map(({ file, line, message }) => `${file}:${line}: ${message}`);
}
