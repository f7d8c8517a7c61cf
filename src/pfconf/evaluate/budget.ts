// How much work one packet may make: anchors that call each other twice over double it at every level.

import type { LoadedRules } from '../loaded.js';

/** Steps that are left. */
export interface Budget {
  left: number;
}

const LEAST_STEPS = 20_000;

/** Enough for every rule to be reached in several ways. */
export function stepBudget(rules: LoadedRules): Budget {
  const counts = [...rules.rulesets.values()].map(
    ({ filter, nat, rdr, binat }) => filter.length + nat.length + rdr.length + binat.length,
  );
  return { left: LEAST_STEPS + 4 * counts.reduce((sum, count) => sum + count, 0) };
}

/** Why nothing is known where they are used up. */
export const OVER_BUDGET = 'the anchors call each other too often to be followed';
