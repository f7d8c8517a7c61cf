// The rule guard: from the firewall's rules to a policy that refuses what rules to a tarpit log.

import type { Settings } from '../options/table.js';
import { readTextFile } from '../options/text-file.js';
import { UsageError } from '../options/usage-error.js';
import { detectDialect } from '../pfconf/detect-dialect.js';
import { type GuardedRule, guardRules, joinGuards, type RuleGuard } from '../pfconf/guard.js';
import { parseGuardList } from '../pfconf/guard-list.js';
import { loadRules } from '../pfconf/load.js';
import { parsePfctlRules } from '../pfconf/parse.js';
import { type Dialect, formatDiagnostic } from '../pfconf/source.js';
import type { Policy } from '../policy/policy.js';

/** The pf of this machine. */
export const LOCAL_DIALECT: Dialect = process.platform === 'openbsd' ? 'openbsd' : 'freebsd';

/** The guard over rules as `pfctl -a '*' -vvsr` prints them, and the rules guarded by hand. */
export function guardFromListing(
  text: string,
  file: string,
  settings: Settings,
  dialect: Dialect = detectDialect(text),
): RuleGuard {
  const { statements, diagnostics } = parsePfctlRules(text, { dialect, file });
  const loaded = loadRules(statements, { dialect, isListing: true });
  const guard = guardRules(loaded, dialect, { mtaPorts: settings.port }, diagnostics);
  return joinGuards(guard, guardByHand(settings));
}

/** The rules that `--guard-rules` names. */
export function guardByHand(settings: Settings): RuleGuard {
  return parseGuardList(settings['guard-rules'].join(','));
}

/**
 * The guard over a saved listing. One without a rule is a mistake, as that of a pfctl that had no permission: no record of
 * a capture could be of its rules.
 * @throws {UsageError} when the file cannot be read, or holds no rule that is one
 */
export function guardFromFile(settings: Settings): RuleGuard {
  const path = settings['pf-rules'];
  if (path === undefined) return guardByHand(settings);
  const text = readTextFile(path, 'rules', false);
  const dialect = settings.dialect ?? detectDialect(text);
  const { statements, diagnostics } = parsePfctlRules(text, { dialect, file: path });
  const [first] = diagnostics;
  if (first && statements.every(({ kind }) => kind === 'unknown'))
    throw new UsageError(`Cannot use the rules: nothing of them is understood (${formatDiagnostic(first)})`);
  const { rulesets } = loadRules(statements, { dialect, isListing: true });
  if ([...rulesets.values()].every(({ filter }) => filter.length === 0))
    throw new UsageError(`Cannot use the rules: there are none in "${path}"`);
  return guardFromListing(text, path, settings, dialect);
}

/** More than these are only counted. */
const GAPS_TOLD = 10;

/** What of the rules was not read, a line each, bounded: whatever these rules log counts as if there were no guard. */
export function describeGaps({ gaps }: RuleGuard): string[] {
  const told = gaps.slice(0, GAPS_TOLD).map(gap => `rules not read: ${gap}`);
  const left = gaps.length - told.length;
  return left > 0 ? [...told, `rules not read: ${left} more places`] : told;
}

/**
 * The guard as a part of the policy; `onFirst` is called when a rule's record is refused for the first time.
 * @param told the rules that this was done for
 */
export function policyGuard(
  guard: RuleGuard,
  onFirst: (rule: GuardedRule) => void,
  told: Pick<WeakSet<GuardedRule>, 'has' | 'add'> = new WeakSet(),
): Pick<Policy, 'guard'> {
  if (guard.rules.length === 0) return {};
  return {
    guard: {
      isGuarded: (ruleset, rulenr, subrulenr) => {
        const rule = guard.matches(ruleset, rulenr, subrulenr ?? null);
        if (rule === undefined) return false;
        if (!told.has(rule)) onFirst(rule);
        told.add(rule);
        return true;
      },
    },
  };
}

/** What the log says of a rule whose records are refused. */
export function describeGuarded({ ruleset, number, text }: GuardedRule): string {
  const where = ruleset ? `rule ${number} of anchor "${ruleset}"` : `rule ${number}`;
  return `what ${where} logs does not count, since it sends SMTP to a tarpit: ${text}`;
}
