// The rulesets in fixtures/pf, for the tests that go through all of them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the rulesets and what is expected of them are. */
export const PF_FIXTURES: string = join(import.meta.dirname, '../../../fixtures/pf');

/** The names of all rulesets, without the ending. */
export function fixtureNames(): string[] {
  return readdirSync(PF_FIXTURES)
    .filter(name => name.endsWith('.conf') || name.endsWith('.rules'))
    .sort();
}

/** The text of one ruleset. */
export function fixtureText(name: string): string {
  return readFileSync(join(PF_FIXTURES, name), 'utf8');
}

/** The texts of all rulesets. */
export function fixtureTexts(): string[] {
  return fixtureNames().map(fixtureText);
}
