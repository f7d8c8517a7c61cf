// Rules as a report names them.

import type { LoadedRule } from '../loaded.js';
import { printStatement } from '../print.js';
import { type Dialect, formatPosition } from '../source.js';
import type { RuleReference } from './report.js';

/** The rule with its place, its number and its text on one line, without the body of an anchor. */
export function referTo(rule: LoadedRule, dialect: Dialect): RuleReference {
  const { position, ruleset, number, statement } = rule;
  const bare = 'number' in statement ? { ...statement, number: null } : statement;
  const whole = 'body' in bare ? { ...bare, body: null } : bare;
  const name = ruleset === '' ? '' : `${ruleset}:`;
  const place = formatPosition(position) + (number === null ? '' : ` (@${name}${number})`);
  return { place, position, ruleset, number, text: printStatement(whole, dialect) };
}
