// What findings about an nftables ruleset are made from.

import type { Finding, Role, RuleReference, Severity } from '../check/report.js';
import type { Scenario } from '../check/scenario.js';
import type { Lookup } from './compare.js';
import type { NftRule, NftRuleset } from './model.js';
import { whereNft } from './path.js';
import { printNftRule } from './print.js';
import type { NftCheckOptions } from './scenario.js';
import type { NftVerdict } from './verdict.js';

/** Everything that a finding may look at. */
export interface NftSubject {
  readonly ruleset: NftRuleset;
  readonly options: NftCheckOptions;
  readonly scenario: Scenario;
  readonly lookup: Lookup;
  readonly verdicts: readonly NftVerdict[];
}

/** Looks at one thing that may be wrong. */
export type NftLook = (subject: NftSubject) => Finding[];

/** The verdicts over connections of these roles. */
export function playedNft(subject: NftSubject, ...roles: readonly Role[]): NftVerdict[] {
  return subject.verdicts.filter(({ connection }) => roles.includes(connection.role));
}

/** The rule with its chain, its handle and its text. */
export function referToNft(rule: NftRule): RuleReference {
  const ruleset = `${rule.family} ${rule.table} ${rule.chain}`;
  return { place: whereNft(rule), position: null, ruleset, number: rule.handle, text: printNftRule(rule) };
}

/** A finding about a rule, or about the rules as a whole. */
export function nftFinding(parts: {
  id: string;
  severity: Severity;
  message: string;
  advice: string;
  rule?: NftRule | null | undefined;
  corrected?: string | null;
  rows?: readonly NftVerdict[];
}): Finding {
  const { rule, corrected = null, rows = [], ...rest } = parts;
  return {
    ...rest,
    rule: rule ? referToNft(rule) : null,
    corrected,
    placement: null,
    rows: rows.map(({ connection }) => connection.id),
  };
}
