// Findings about the tables of the whitelist, and about what was not understood.

import type { Statement } from '../ast.js';
import { printStatement } from '../print.js';
import { type Diagnostic, formatPosition } from '../source.js';
import { findTable } from '../tables.js';
import { beside, exempt, fromTable } from './candidates.js';
import type { Correction } from './correction.js';
import { groupByRule } from './group.js';
import { firstThatHelps, isHarmless } from './helps.js';
import type { Finding } from './report.js';
import { decisionOf, filterRules, finding, type Look, played, type Subject, whiteTable } from './subject.js';
import { allRules, usedTables } from './usage.js';

/** pf's default for `set limit table-entries` (pfvar.h, PFR_KENTRY_HIWAT). */
const DEFAULT_TABLE_ENTRIES = 200_000;

/** No rule asks for the whitelist, so it decides nothing. */
export const whiteTableThatIsMissing: Look = subject => {
  const { whiteTables } = subject.options;
  const used = usedTables(allRules(subject.rules));
  if (whiteTables.some(name => used.has(name))) return [];
  const names = whiteTables.map(name => `<${name}>`).join(' or ');
  const other = candidate(subject);
  return [
    finding(subject, {
      id: 'white-table-missing',
      severity: 'error',
      message: `No rule asks for the table ${names}, so being whitelisted changes nothing.`,
      advice: other
        ? `If the whitelist is <${other}>, name that table; otherwise pass the hosts of ${names} to the mail server.`
        : `Pass the hosts of ${names} to the mail server.`,
      correction: ruleForWhitelist(subject),
      rows: played(subject, 'white'),
    }),
  ];
};

/** A rule for the whitelist where it decides; quick at the end where nothing is better. */
function ruleForWhitelist(subject: Subject): Correction | null {
  const rows = played(subject, 'white');
  const table = whiteTable(subject);
  const rules = groupByRule(rows, decisionOf).map(([rule]) => rule);
  const candidates = rules.flatMap(rule => [
    ...exempt(subject, rule, table),
    ...beside(subject, rule, fromTable(table)),
  ]);
  return (
    firstThatHelps(subject, rows, candidates) ?? candidates.find(one => isHarmless(subject, one)) ?? null
  );
}

/** Another table that a rule passes SMTP for. */
function candidate(subject: Subject): string | undefined {
  const others = [...subject.options.nospamdTables, ...subject.options.blackTables];
  const passing = filterRules(subject).filter(rule => rule.action === 'pass' && rule.direction !== 'out');
  return [...usedTables(passing)].find(name => !others.includes(name));
}

/** A table without `persist` goes when no rule is left that names it; a `const` one cannot be changed. */
export const whiteTableThatDoesNotLast: Look = subject => {
  const used = usedTables(allRules(subject.rules));
  if (subject.rules.isListing) return [];
  return subject.options.whiteTables
    .filter(name => used.has(name))
    .flatMap(name => {
      const table = findTable(subject.rules, '', name);
      if (table?.isConst) {
        return [
          finding(subject, {
            id: 'white-table-const',
            severity: 'error',
            message: `The table <${name}> is const, so nothing can be put into it.`,
            advice: 'Take "const" away.',
            correction: declaration(table, subject),
          }),
        ];
      }
      if (table?.isPersistent) return [];
      return [
        finding(subject, {
          id: 'white-table-not-persistent',
          severity: 'warning',
          message: `The table <${name}> is not declared persist, so it may go with the rules that name it.`,
          advice: 'Declare it.',
          correction: declaration(table ?? { name }, subject),
        }),
      ];
    });
};

function declaration(table: { name: string; statement?: Statement }, subject: Subject): Correction {
  const text = `table <${table.name}> persist`;
  const at = table.statement ?? null;
  if (at?.kind !== 'table') return { text, how: 'top', at: null };
  // What the table is filled with stays.
  const flags = ['persist', ...at.flags.filter(flag => flag === 'counters')] as const;
  return { text: printStatement({ ...at, flags }, subject.dialect), how: 'instead', at };
}

function raisedLimit(limit: number, { rules }: Subject): Correction {
  const text = `set limit table-entries ${limit}`;
  const at = rules.limitStatements.get('table-entries');
  const isAlone = at?.kind === 'limit' && at.limits.length === 1;
  return at && isAlone ? { text, how: 'instead', at } : { text, how: 'top', at: null };
}

/** The whitelist fills pf's tables. */
export const tableLimitThatIsNear: Look = subject => {
  const { whiteEntries, tableLimit } = subject.options;
  const limit = tableLimit ?? subject.rules.limits.get('table-entries') ?? DEFAULT_TABLE_ENTRIES;
  const listed = [...subject.rules.rulesets.values()]
    .flatMap(({ tables }) => [...tables.values()])
    .reduce((sum, table) => sum + table.entries.length, 0);
  const entries = (whiteEntries ?? 0) + listed;
  if (entries < limit * 0.8) return [];
  const isFull = entries >= limit;
  return [
    finding(subject, {
      id: 'table-limit-near',
      severity: isFull ? 'error' : 'warning',
      message: `The tables hold ${entries} addresses, and pf takes ${limit} in all tables together.`,
      advice: 'Raise the limit before pf refuses the whitelist.',
      correction: raisedLimit(Math.max(limit, entries) * 2, subject),
    }),
  ];
};

/** Parts of the text that were not understood. */
export const textThatIsNotUnderstood: Look = subject =>
  [...subject.diagnostics, ...subject.rules.diagnostics].map(notUnderstood);

/** The finding about a part of the text that was not understood. */
export function notUnderstood({ message, ...position }: Diagnostic): Finding {
  const place = `${formatPosition(position)}:${position.column}`;
  return {
    id: 'not-understood',
    severity: 'warning',
    message: `Not understood: ${message}.`,
    advice: 'Check this line by hand: nothing that it says was counted.',
    rule: { place, position, ruleset: '', number: null, text: '' },
    corrected: null,
    placement: null,
    rows: [],
  };
}
