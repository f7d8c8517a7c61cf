// The rule guard: rules that send SMTP to a tarpit, so that what they log never whitelists anyone.

import { groupBy } from './check/group.js';
import type { LoadedRule, LoadedRules } from './loaded.js';
import { rulesetName } from './paths.js';
import { printFilterRule } from './print.js';
import { type PortNames, redirectsSmtp } from './redirects.js';
import { type Diagnostic, type Dialect, formatDiagnostic, formatPosition } from './source.js';

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
 * The guard over rules as pfctl printed them (`pfctl -a '*' -vvsr`), with what its reader did not understand. Over rules counted from a file it is a guess as
 * good as the numbers: pfctl's optimizer may have changed these.
 */
export function guardRules(
  rules: LoadedRules,
  dialect: Dialect,
  names: PortNames = {},
  diagnostics: readonly Diagnostic[] = [],
): RuleGuard {
  const found = [...rules.rulesets.values()].flatMap(({ filter }) => filter);
  const callersOf = callersIn(found);
  const guarded = found.flatMap(rule => {
    const verdict = redirectsSmtp(rule, names);
    if (verdict === 'no' || rule.number === null) return [];
    const ruleset = rulesetName(rule.ruleset);
    const calls = callNumbers(rule.ruleset, callersOf);
    const text = ruleText(rule, dialect);
    return [{ ruleset, number: rule.number, text, isCertain: verdict === 'yes', calls }];
  });
  const problems = [...diagnostics, ...rules.diagnostics].sort((a, b) => a.line - b.line);
  const told = new Set(problems.map(formatPosition));
  const unclear = found.flatMap(rule => gapsOf(rule, told));
  return new GuardedRules(guarded, [...new Set([...problems.map(formatDiagnostic), ...unclear])]);
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
 * rule, OpenBSD's the innermost. Every ruleset is looked at once, however anchors call each other.
 */
function callNumbers(path: string, callersOf: (path: string) => readonly LoadedRule[]): number[] {
  const numbers = new Set<number>();
  const seen = new Set(['']);
  const open = [path];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    for (const { number, ruleset } of callersOf(at)) {
      if (number !== null) numbers.add(number);
      open.push(ruleset);
    }
  }
  return [...numbers];
}

/** The anchor rules that call a ruleset: by its path, or by a wildcard over the one above it. */
function callersIn(rules: readonly LoadedRule[]): (path: string) => readonly LoadedRule[] {
  const anchors = rules.filter(({ call }) => call !== null);
  const byName = groupBy(anchors, ({ call }) => `${call!.isWildcard ? '*' : ''}${call!.path}`);
  return path => {
    const parent = path.split('/').slice(0, -1).join('/');
    return [...(byName.get(path) ?? []), ...(byName.get(`*${parent}`) ?? [])];
  };
}

function ruleText({ statement }: LoadedRule, dialect: Dialect): string {
  return statement.kind === 'filter' ? printFilterRule({ ...statement, number: null }, dialect) : '';
}

/** What of a rule is not known, other than at the places that were told already. */
function gapsOf(rule: LoadedRule, told: ReadonlySet<string>): string[] {
  const { statement, call, action, position, unknown } = rule;
  if (statement.kind === 'anchor' && statement.body === null) {
    return [`the rules of anchor "${call?.path ?? ''}" are not in the list`];
  }
  const isUnclear = action === 'unknown' || (action === 'pass' && unknown !== null);
  const place = formatPosition(position);
  return isUnclear && !told.has(place) ? [`${place} is not understood`] : [];
}
