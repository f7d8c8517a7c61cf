// What findings are made from: the rules, how they were played, and what was asked.

import type { FilterRule } from '../ast.js';
import type { LoadedRule, LoadedRules } from '../loaded.js';
import { printFilterRule } from '../print.js';
import type { PortNames } from '../redirects.js';
import { DEFAULT_SERVICES } from '../services.js';
import type { Diagnostic, Dialect } from '../source.js';
import type { Connection } from './connections.js';
import type { CheckOptions } from './options.js';
import { referTo } from './reference.js';
import type { Finding, Severity } from './report.js';
import type { Scenario } from './scenario.js';
import { allRules } from './usage.js';
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

/** The connections of these ids that there are. */
export function played(subject: Subject, ...roles: readonly Connection['role'][]): Judged[] {
  return subject.judged.filter(({ connection }) => roles.includes(connection.role));
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
    corrected?: string | null;
    rows?: readonly Judged[];
  },
): Finding {
  const { rule, corrected = null, rows = [], ...rest } = parts;
  return {
    ...rest,
    rule: rule ? referTo(rule, subject.dialect) : null,
    corrected,
    rows: rows.map(({ connection }) => connection.id),
  };
}

/** The text of a filter rule with something changed; null for statements of other kinds. */
export function correct(
  { dialect }: Subject,
  { statement }: LoadedRule,
  change: Partial<Pick<FilterRule, 'log' | 'options' | 'quick'>>,
): string | null {
  if (statement.kind !== 'filter') return null;
  return printFilterRule({ ...statement, ...change, number: null }, dialect);
}

/** The rule that decides over a connection. */
export function decisionOf({ verdict }: Judged): LoadedRule | null {
  return verdict.rule;
}
