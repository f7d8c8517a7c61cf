// The rule guard: from the firewall's rules to a policy that refuses what rules to a tarpit log.

import type { Settings } from '../options/table.js';
import { readTextFile } from '../options/text-file.js';
import { detectDialect } from '../pfconf/detect-dialect.js';
import { type GuardedRule, guardRules, joinGuards, type RuleGuard } from '../pfconf/guard.js';
import { parseGuardList } from '../pfconf/guard-list.js';
import { loadRules } from '../pfconf/load.js';
import { parsePfctlRules } from '../pfconf/parse.js';
import type { Dialect } from '../pfconf/source.js';
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
  const { statements } = parsePfctlRules(text, { dialect, file });
  const loaded = loadRules(statements, { dialect, isListing: true });
  return joinGuards(guardRules(loaded, dialect, { mtaPorts: settings.port }), guardByHand(settings));
}

/** The rules that `--guard-rules` names. */
export function guardByHand(settings: Settings): RuleGuard {
  return parseGuardList(settings['guard-rules'].join(','));
}

/** The guard over a saved listing. @throws {UsageError} when the file cannot be read */
export function guardFromFile(settings: Settings): RuleGuard {
  const path = settings['pf-rules'];
  if (path === undefined) return guardByHand(settings);
  return guardFromListing(readTextFile(path, 'rules', false), path, settings);
}

/** The guard as a part of the policy; `onFirst` is called when a rule's record is refused for the first time. */
export function policyGuard(guard: RuleGuard, onFirst: (rule: GuardedRule) => void): Pick<Policy, 'guard'> {
  if (guard.rules.length === 0) return {};
  const told = new Set<GuardedRule>();
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
