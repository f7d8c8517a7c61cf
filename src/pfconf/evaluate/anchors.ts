// Which rulesets an anchor rule calls.

import type { LoadedRule, LoadedRules, Ruleset } from '../loaded.js';

/** The ruleset that is called, or all that are directly below it where the name ends in a `*`, in pf's order. */
export function calledRulesets(rule: LoadedRule, rules: LoadedRules): Ruleset[] {
  const { call } = rule;
  if (!call) return [];
  if (!call.isWildcard) return [rules.rulesets.get(call.path)].filter(one => one !== undefined);
  const above = call.path === '' ? '' : `${call.path}/`;
  return [...rules.rulesets.values()]
    .filter(
      one => one.path !== '' && one.path.startsWith(above) && !one.path.slice(above.length).includes('/'),
    )
    .filter(one => one.path !== call.path)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether the rulesets that an anchor calls have no rules in the text at hand: programs fill them while pf runs. */
export function isEmptyAnchor(rule: LoadedRule, rules: LoadedRules): boolean {
  return calledRulesets(rule, rules).every(
    ({ filter, nat, rdr, binat }) => filter.length + nat.length + rdr.length + binat.length === 0,
  );
}
