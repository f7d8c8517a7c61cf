// The rules an administrator guards by hand: `12, spamd:3`.

import { type GuardedRule, guardOf, type RuleGuard } from './guard.js';
import { rulesetName } from './paths.js';

const ITEM = /^(?:([^\s,:]*):)?(\d{1,9})$/;

/**
 * The guard of a list with commas or blanks between its items: `12` or `:12` is rule 12 of the main ruleset,
 * `spamd:3` rule 3 inside of the anchor `spamd` (of a path, the last part counts, as in the log).
 * Throws a TypeError that names the item that is none.
 */
export function parseGuardList(text: string): RuleGuard {
  const items = text.split(/[\s,]+/).filter(item => item !== '');
  return guardOf(items.map(parseItem));
}

function parseItem(item: string): GuardedRule {
  const match = ITEM.exec(item);
  if (!match)
    throw new TypeError(`Cannot guard rule ${JSON.stringify(item)}: expected NUMBER or ANCHOR:NUMBER`);
  const ruleset = rulesetName(match[1] ?? '');
  return { ruleset, number: Number(match[2]), text: item, isCertain: true, calls: [] };
}
