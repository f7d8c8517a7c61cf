// Findings about where connections end.

import { where } from '../evaluate/filter.js';
import { matchInterface } from '../evaluate/match.js';
import type { LoadedRule } from '../loaded.js';
import { beside, changed, exempt, fromSelf, fromTable, whiteRuleText, withoutSkip } from './candidates.js';
import type { Correction } from './correction.js';
import { groupBy, groupByRule } from './group.js';
import { firstThatHelps, isHarmless } from './helps.js';
import { redirections } from './redirections.js';
import type { Finding } from './report.js';
import { decisionOf, finding, isSkipped, type Judged, type Look, played, type Subject } from './subject.js';
import { allRules, usedTables } from './usage.js';

/** Whitelisted hosts do not reach the mail server: a rule before or behind the one for them decides. */
export const whitelistedHostsThatAreStopped: Look = subject => {
  const wrong = played(subject, 'white', 'nospamd').filter(
    ({ verdict, connection }) =>
      verdict.goesTo === 'tarpit' || (verdict.goesTo === 'blocked' && connection.family === 'inet'),
  );
  return groupByRule(wrong, decisionOf).map(([rule, rows]) => {
    const white = ruleForTable(subject, rows);
    const table = white?.source?.kind === 'table' ? white.source.name : tableOf(subject, rows);
    return finding(subject, {
      id: rows.some(({ connection }) => connection.role === 'white')
        ? 'white-not-reached'
        : 'nospamd-not-reached',
      severity: 'error',
      message: `${whoOf(rows)} end ${rows[0]!.verdict.goesTo === 'tarpit' ? 'in the tarpit' : 'blocked'}.`,
      advice: adviceFor(subject, rule, white, table),
      rule,
      correction: firstThatHelps(subject, rows, [
        ...exempt(subject, rule, table),
        ...moved(subject, rule, white),
        ...beside(subject, rule, fromTable(table)),
      ]),
      rows,
    });
  });
};

function whoOf(rows: readonly Judged[]): string {
  const roles = new Set(rows.map(({ connection }) => connection.role));
  if (!roles.has('nospamd')) return 'Whitelisted hosts';
  return roles.has('white') ? 'Whitelisted hosts and those in <nospamd>' : 'Hosts in <nospamd>';
}

function adviceFor(
  subject: Subject,
  rule: LoadedRule | null,
  white: LoadedRule | undefined,
  table: string,
): string {
  const [exemption] = exempt(subject, rule, table);
  if (exemption) {
    const passing = whiteRuleText(subject, table);
    return `Put "${exemption.text}" before this rule, and see that "${passing}" is among the rules of the filter.`;
  }
  if (!white) return 'Add a rule that passes the hosts of the whitelist to the mail server.';
  if (rule?.quick) return `Put the rule for them (${where(white)}) before this one, which is quick.`;
  return `Make the rule for them (${where(white)}) quick, or put it behind this one: the last rule that matches decides.`;
}

/** The rule that is meant for them, put where it decides. */
function moved(subject: Subject, rule: LoadedRule | null, white: LoadedRule | undefined): Correction[] {
  const at = rule?.statement;
  if (!white || !at) return [];
  const [before] = changed(subject, white, { quick: true });
  const [behind] = changed(subject, white, {});
  return [
    ...(behind && !rule.quick ? [{ ...behind, how: 'behind' as const, at }] : []),
    ...(before ? [{ ...before, how: 'before' as const, at }] : []),
  ];
}

function tableOf(subject: Subject, rows: readonly Judged[]): string {
  const { whiteTables, nospamdTables } = subject.options;
  const isWhite = rows.some(({ connection }) => connection.role === 'white');
  const used = usedTables(allRules(subject.rules));
  const names = isWhite ? whiteTables : nospamdTables;
  return names.find(name => used.has(name)) ?? names[0] ?? 'spamd-white';
}

/** The rule that is there for these hosts. */
function ruleForTable(subject: Subject, rows: readonly Judged[]): LoadedRule | undefined {
  const tables = new Set(rows.flatMap(({ connection }) => [...connection.source.tables]));
  const main = [...subject.rules.rulesets.values()].flatMap(({ filter, rdr }) => [...filter, ...rdr]);
  return main.find(({ source }) => source?.kind === 'table' && !source.negated && tables.has(source.name));
}

/** Hosts that nobody knows go straight to the mail server. */
export const strangersThatAreNotTarpitted: Look = subject => {
  const strangers = played(subject, 'stranger', 'trapped');
  const isTarpitted = strangers.some(({ verdict }) => verdict.goesTo === 'tarpit');
  const wrong = strangers.filter(
    ({ verdict }) => verdict.goesTo === 'mta' && verdict.spamlogd !== 'whitelists',
  );
  const isOverIpv6 = ({ connection }: Judged): boolean => connection.family === 'inet6';
  const past = groupByRule(isTarpitted ? wrong.filter(isOverIpv6) : [], decisionOf);
  const straight = groupByRule(isTarpitted ? wrong.filter(one => !isOverIpv6(one)) : wrong, decisionOf);
  return [
    ...past.map(([rule, rows]) =>
      finding(subject, {
        id: 'ipv6-not-redirected',
        severity: 'warning',
        message: 'Over IPv6, hosts that nobody knows go past the tarpit to the mail server.',
        advice:
          'Redirect IPv6 too if the tarpit listens on it, or block SMTP over IPv6 from hosts that are unknown.',
        rule,
        correction: firstThatHelps(subject, rows, redirections(subject, rule, 'inet6')),
        rows,
      }),
    ),
    ...straight.map(([rule, rows]) =>
      finding(subject, {
        id: 'stranger-not-tarpitted',
        severity: 'warning',
        message: 'Hosts that nobody knows go straight to the mail server.',
        advice: 'Redirect SMTP from hosts that are not whitelisted to the tarpit.',
        rule,
        correction: firstThatHelps(subject, rows, [
          ...redirections(subject, rule, 'inet'),
          ...redirections(subject, rule, 'inet6'),
        ]),
        rows,
      }),
    ),
  ];
};

/** Over IPv6 nothing arrives at all: that may be meant. */
export const ipv6ThatIsBlocked: Look = subject => {
  const rows = played(subject, 'white').filter(
    ({ connection, verdict }) => connection.family === 'inet6' && verdict.goesTo === 'blocked',
  );
  return groupByRule(rows, decisionOf).map(([rule]) =>
    finding(subject, {
      id: 'ipv6-blocked',
      severity: 'note',
      message: 'Mail over IPv6 is blocked, from whitelisted hosts too.',
      advice: 'Pass it from the whitelist if the mail server has an IPv6 address in its MX.',
      rule,
    }),
  );
};

/** The mail server's own mail does not leave. */
export const outgoingMailThatIsStopped: Look = subject => {
  const wrong = played(subject, 'mail-server').filter(
    ({ connection, verdict }) =>
      connection.family === 'inet' && ['blocked', 'tarpit'].includes(verdict.goesTo),
  );
  return wrong.map(one =>
    finding(subject, {
      id: 'outbound-stopped',
      severity: 'warning',
      message: `Outgoing mail ends ${one.verdict.goesTo === 'tarpit' ? 'at another port' : 'blocked'}.`,
      advice: 'Pass the mail server to port 25 outside, and log it.',
      rule: one.verdict.rule,
      correction: firstThatHelps(
        subject,
        [one],
        [...fromSelf(subject), { direction: 'out' as const }].flatMap(narrow =>
          beside(subject, one.verdict.rule, narrow),
        ),
      ),
      rows: [one],
    }),
  );
};

/** pf does not look at the interface outside: no rule is asked, nothing is redirected, nothing logged. */
export const outsideThatIsSkipped: Look = subject => {
  const { scenario, rules } = subject;
  const names = [scenario.outside, ...scenario.otherOutsides].filter(name => isSkipped(name, subject));
  const rows = subject.judged.filter(({ connection }) => names.includes(connection.interface));
  return names.map(name => {
    const { environment } = scenario;
    const found = rules.skip.find(item => matchInterface(item, name, environment) === true);
    const [correction] = found ? withoutSkip(found.statement, [found.name]) : [];
    const isSafe = correction !== undefined && isHarmless(subject, correction);
    return finding(subject, {
      id: 'outside-skipped',
      severity: 'error',
      message: `pf does not look at ${name} ("set skip"), so its rules there redirect and log nothing.`,
      advice: isSafe
        ? `Take ${found?.name ?? name} out of "set skip".`
        : `Take ${found?.name ?? name} out of "set skip", but first add rules that pass the mail that would be blocked then.`,
      correction: isSafe ? correction! : null,
      rows: rows.filter(({ connection }) => connection.interface === name),
    });
  });
};

/** Connections of which the end is not known. */
export const connectionsInDoubt: Look = subject => {
  const rows = subject.judged.filter(
    ({ verdict }) => verdict.goesTo === 'unknown' || verdict.spamlogd === 'unknown',
  );
  return [...groupBy(rows, ({ verdict }) => verdict.doubts.join('; '))].map(
    ([doubts, group]): Finding =>
      finding(subject, {
        id: 'undecided',
        severity: 'warning',
        message: `What becomes of this connection is not known${doubts === '' ? '' : ` (${doubts})`}.`,
        advice: 'Check these rules by hand, or with pfctl -vvsr on the machine itself.',
        rows: group,
      }),
  );
};
