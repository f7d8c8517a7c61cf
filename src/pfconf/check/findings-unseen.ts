// Findings about mail that should be in the log, and is not.

import type { LoadedRule } from '../loaded.js';
import { beside, changed, exempt, fromSelf, fromTable, logged, whiteRuleText } from './candidates.js';
import { groupByRule } from './group.js';
import { firstThatHelps, isHarmless } from './helps.js';
import type { Finding } from './report.js';
import { decisionOf, finding, type Judged, type Look, played, type Subject, whiteTable } from './subject.js';

/** The rule that passes whitelisted hosts must log, or their entries end while they still send mail. */
export const whitelistedHostsThatAreNotSeen: Look = subject => {
  const wrong = played(subject, 'white').filter(
    ({ verdict }) => verdict.goesTo === 'mta' && verdict.spamlogd === 'nothing',
  );
  return groupByRule(wrong, decisionOf).map(([rule, rows]) => unseen(subject, rule, rows));
};

/** Outgoing mail must be logged, or hosts that we write to first have to wait. */
export const outgoingMailThatIsNotSeen: Look = subject => {
  if (subject.options.policy.inboundOnly) return [];
  const wrong = played(subject, 'mail-server').filter(
    ({ verdict }) => verdict.goesTo === 'mta' && verdict.spamlogd === 'nothing',
  );
  return groupByRule(wrong, decisionOf).map(([rule, rows]) => {
    const elsewhere = logElsewhere(subject, rule, rows);
    if (elsewhere) return elsewhere;
    return finding(subject, {
      id: 'outbound-not-logged',
      severity: 'warning',
      message: 'Outgoing mail is not logged, so the hosts it goes to are not whitelisted.',
      advice: 'Log the rule that passes the mail server to port 25 outside.',
      rule,
      correction: firstThatHelps(subject, rows, [
        ...logged(subject, rule),
        ...[...fromSelf(subject), { direction: 'out' as const }].flatMap(narrow =>
          beside(subject, rule, narrow),
        ),
      ]),
      rows,
    });
  });
};

function unseen(subject: Subject, rule: LoadedRule | null, rows: readonly Judged[]): Finding {
  const elsewhere = logElsewhere(subject, rule, rows);
  if (elsewhere) return elsewhere;
  const isTranslation = rows.some(({ verdict }) =>
    verdict.records.some(({ record }) => record.action === 'rdr'),
  );
  if (isTranslation) {
    const table = whiteTable(subject);
    const exemption = exempt(subject, rule, table)[0]?.text ?? 'no rdr';
    const passing = whiteRuleText(subject, table);
    return finding(subject, {
      id: 'logged-as-translation',
      severity: 'error',
      message:
        'Whitelisted hosts are passed and logged by "rdr pass", whose records spamlogd does not count.',
      advice: `Put "${exemption}" before this rule, and "${passing}" among the rules of the filter.`,
      rule,
      correction: firstThatHelps(subject, rows, exempt(subject, rule, table)),
      rows,
    });
  }
  return finding(subject, {
    id: 'white-not-logged',
    severity: 'error',
    message:
      'Whitelisted hosts are passed without a log, so their entries expire while they still send mail.',
    advice: 'Log the rule that passes whitelisted hosts, and nobody else.',
    rule,
    correction: firstThatHelps(subject, rows, [
      ...logged(subject, rule),
      ...beside(subject, rule, fromTable(whiteTable(subject))),
    ]),
    rows,
  });
}

/** What is logged, but to another pflog interface than the one that is read. */
function logElsewhere(subject: Subject, rule: LoadedRule | null, rows: readonly Judged[]): Finding | null {
  const { logInterface } = subject.options.policy;
  const other = rows.flatMap(({ verdict }) => verdict.records).find(({ effect }) => effect === 'other-log');
  if (!other) return null;
  const log = other.record.rule.log;
  return finding(subject, {
    id: 'other-log-interface',
    severity: 'error',
    message: `This is logged to pflog${other.record.logInterface}, but spamlogd reads pflog${logInterface}.`,
    advice: `Start spamlogd with -l pflog${other.record.logInterface}, or log to pflog${logInterface}.`,
    rule: other.record.rule ?? rule,
    correction:
      changed(subject, other.record.rule, { log: log && { ...log, interface: logInterface } }).find(one =>
        isHarmless(subject, one),
      ) ?? null,
    rows,
  });
}
