// What findings are made from: the rules, how they were played, and what was asked.

import { matchInterface } from '../evaluate/match.js';
import type { LoadedRule, LoadedRules } from '../loaded.js';
import type { PortNames } from '../redirects.js';
import { DEFAULT_SERVICES } from '../services.js';
import type { Diagnostic, Dialect } from '../source.js';
import type { Connection } from './connections.js';
import { type Correction, placementOf } from './correction.js';
import type { CheckOptions } from './options.js';
import { referTo } from './reference.js';
import type { Finding, Severity } from './report.js';
import type { Scenario } from './scenario.js';
import { allRules, usedTables } from './usage.js';
import type { Verdict } from './verdict.js';

/** A connection, and what became of it. */
export interface Judged {
  readonly connection: Connection;
  readonly verdict: Verdict;
}

/** Everything that a finding may look at. */
export interface Subject {
  readonly rules: LoadedRules;
  readonly dialect: Dialect;
  readonly options: CheckOptions;
  readonly scenario: Scenario;
  readonly judged: readonly Judged[];
  readonly diagnostics: readonly Diagnostic[];
  /**
   * Plays the same connections with a correction in the rules; null where it has no place there, or where so much was
   * tried out already that it would take too long.
   */
  readonly tryOut: (correction: Correction) => readonly Judged[] | null;
}

/** Looks at one thing that may be wrong. */
export type Look = (subject: Subject) => Finding[];

/** The filter rules of all rulesets. */
export function filterRules(subject: Subject): LoadedRule[] {
  return allRules(subject.rules).filter(rule => ['pass', 'block', 'match'].includes(rule.action));
}

/** Which ports are the mail server's. */
export function portNames({ options }: Subject): Required<PortNames> {
  return { mtaPorts: options.policy.ports, services: options.services ?? DEFAULT_SERVICES };
}

/** The connections of these roles that pf looks at (`set skip`). */
export function played(subject: Subject, ...roles: readonly Connection['role'][]): Judged[] {
  return subject.judged.filter(
    ({ connection }) => roles.includes(connection.role) && !isSkipped(connection.interface, subject),
  );
}

/** A finding about a rule, or about the rules as a whole. */
export function finding(
  subject: Subject,
  parts: {
    id: string;
    severity: Severity;
    message: string;
    advice: string;
    rule?: LoadedRule | null | undefined;
    correction?: Correction | null;
    rows?: readonly Judged[];
  },
): Finding {
  const { rule, correction = null, rows = [], ...rest } = parts;
  return {
    ...rest,
    rule: rule ? referTo(rule, subject.dialect) : null,
    corrected: correction ? correction.text : null,
    placement: correction ? placementOf(correction) : null,
    rows: rows.map(({ connection }) => connection.id),
  };
}

/** The rule that decides over a connection. */
export function decisionOf({ verdict }: Judged): LoadedRule | null {
  return verdict.rule;
}

/** Whether pf does not look at an interface at all. */
export function isSkipped(name: string, { rules, scenario }: Subject): boolean {
  return rules.skip.some(item => matchInterface(item, name, scenario.environment) === true);
}

/** The table of the whitelist that a new rule should name: the first that rules ask for already. */
export function whiteTable({ rules, options }: Subject): string {
  const used = usedTables(allRules(rules));
  const { whiteTables } = options;
  return whiteTables.find(name => used.has(name)) ?? whiteTables[0] ?? 'spamd-white';
}
