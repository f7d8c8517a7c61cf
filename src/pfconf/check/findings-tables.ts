// Findings about the tables of the whitelist, and about what was not understood.

import { type Diagnostic, formatPosition } from '../source.js';
import { findTable } from '../tables.js';
import type { Finding } from './report.js';
import { filterRules, finding, type Look, played, type Subject } from './subject.js';
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
      corrected: `pass in log quick on ${subject.scenario.outside} proto tcp from <${whiteTables[0] ?? 'spamd-white'}> to any port smtp`,
      rows: played(subject, 'white'),
    }),
  ];
};

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
            corrected: `table <${name}> persist`,
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
          corrected: `table <${name}> persist`,
        }),
      ];
    });
};

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
      corrected: `set limit table-entries ${Math.max(limit, entries) * 2}`,
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
    rows: [],
  };
}
