// Findings about what the rules log: too much, too little, or to the wrong place.

import type { LogSpec } from '../ast.js';
import type { LoadedRule } from '../loaded.js';
import { redirectsSmtp } from '../redirects.js';
import { groupByRule } from './group.js';
import type { Finding } from './report.js';
import {
  correct,
  decisionOf,
  filterRules,
  finding,
  type Judged,
  type Look,
  played,
  portNames,
  type Subject,
} from './subject.js';
import { coversSmtp } from './usage.js';

const LOG: LogSpec = { all: false, matches: false, user: false, interface: 0 };

/** One rule of each statement that expands to several. */
function firstOfEach(rules: readonly LoadedRule[]): LoadedRule[] {
  return [...new Map(rules.map(rule => [rule.statement, rule])).values()];
}

/** The classic mistake: the rule that sends strangers to the tarpit logs them. */
export const redirectsThatLog: Look = subject => {
  const names = portNames(subject);
  const written = filterRules(subject).filter(
    rule => rule.log !== null && redirectsSmtp(rule, names) !== 'no',
  );
  const rows = played(subject, 'stranger', 'trapped').filter(({ verdict }) => verdict.spamlogd === 'guarded');
  const seen = rows.flatMap(({ verdict }) =>
    verdict.records.filter(({ effect }) => effect === 'guarded').map(({ record }) => record.rule),
  );
  return firstOfEach([...written, ...seen]).map(rule =>
    finding(subject, {
      id: 'redirect-logs',
      severity: 'error',
      message: 'A rule that sends SMTP to the tarpit logs the connection as passed.',
      advice:
        'Take "log" away from this rule: without the rule guard, spamlogd whitelists every host that is being tarpitted.',
      rule,
      corrected: correct(subject, rule, { log: null }),
      rows: rows.filter(({ verdict }) =>
        verdict.records.some(({ record }) => record.rule.statement === rule.statement),
      ),
    }),
  );
};

/** Hosts that nobody knows are whitelisted by their first connection. */
export const strangersThatAreWhitelisted: Look = subject => {
  const wrong = played(subject, 'stranger', 'trapped').filter(
    ({ verdict }) => verdict.spamlogd === 'whitelists',
  );
  return [...groupByRecordRule(wrong)].map(([rule, rows]) => {
    const isForced = rows.some(({ verdict }) =>
      verdict.records.some(({ record, effect }) => record.isForced && effect === 'whitelist'),
    );
    return finding(subject, {
      id: isForced ? 'log-matches-whitelists' : 'stranger-whitelisted',
      severity: 'error',
      message: isForced
        ? '"log (matches)" of another rule logs this rule as passing hosts that a later rule sends elsewhere.'
        : 'A host that nobody knows reaches a rule that passes and logs it, so its first connection whitelists it.',
      advice: isForced
        ? 'Send "log (matches)" to a pflog interface that spamlogd does not read, with "to pflogN".'
        : 'Log only the rules that pass whitelisted hosts and outgoing mail.',
      rule,
      corrected: isForced ? null : correct(subject, rule, { log: null }),
      rows,
    });
  });
};

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
    const interfaces = subject.scenario.outside;
    return finding(subject, {
      id: 'outbound-not-logged',
      severity: 'warning',
      message: 'Outgoing mail is not logged, so the hosts it goes to are not whitelisted.',
      advice: 'Log the rule that passes the mail server to port 25 outside.',
      rule,
      corrected:
        rule?.destinationPort && rule.action === 'pass'
          ? correct(subject, rule, { log: { ...LOG, interface: subject.options.policy.logInterface } })
          : `pass out log on ${interfaces} proto tcp to any port smtp`,
      rows,
    });
  });
};

/** Every packet of a connection in the log, where the first would do. */
export const rulesThatLogAll: Look = subject => {
  const { mtaPorts, services } = portNames(subject);
  const rules = filterRules(subject).filter(
    rule => rule.log?.all && rule.action !== 'block' && coversSmtp(rule, mtaPorts, services),
  );
  return firstOfEach(rules).map(rule =>
    finding(subject, {
      id: 'log-all',
      severity: 'warning',
      message: '"log (all)" writes every packet of the connection to the log.',
      advice: 'Use plain "log": spamlogd needs the first packet alone.',
      rule,
      corrected: correct(subject, rule, { log: rule.log && { ...rule.log, all: false } }),
    }),
  );
};

/** A host of the LAN can whitelist whom it likes. */
export const lanThatWhitelists: Look = subject => {
  const wrong = played(subject, 'lan').filter(({ verdict }) => verdict.spamlogd === 'whitelists');
  return [...groupByRecordRule(wrong)].map(([rule, rows]) =>
    finding(subject, {
      id: 'lan-whitelists',
      severity: 'warning',
      message: 'Any host of the LAN whitelists the hosts that it sends mail to.',
      advice: 'Log only the connections of the mail server itself, for instance with "from self".',
      rule,
      rows,
    }),
  );
};

/** An address of our own in the whitelist does no harm, but is of no use either. */
export const ownAddressThatIsWhitelisted: Look = subject => {
  const rows = subject.judged.filter(({ verdict }) =>
    verdict.records.some(({ effect, isCorrespondent }) => effect === 'whitelist' && !isCorrespondent),
  );
  if (rows.length === 0) return [];
  const rule = rows[0]!.verdict.records.find(one => one.effect === 'whitelist' && !one.isCorrespondent)
    ?.record.rule;
  return [
    finding(subject, {
      id: 'own-address-whitelisted',
      severity: 'note',
      message: 'A rule at an interface inside logs SMTP, so an address of our own is whitelisted.',
      advice: `Start spamlogd with -i ${subject.scenario.outside}, so that only that interface counts.`,
      rule,
    }),
  ];
};

function unseen(subject: Subject, rule: LoadedRule | null, rows: readonly Judged[]): Finding {
  const elsewhere = logElsewhere(subject, rule, rows);
  if (elsewhere) return elsewhere;
  const isTranslation = rows.some(({ verdict }) =>
    verdict.records.some(({ record }) => record.action === 'rdr'),
  );
  if (isTranslation) {
    return finding(subject, {
      id: 'logged-as-translation',
      severity: 'error',
      message:
        'Whitelisted hosts are passed and logged by "rdr pass", whose records spamlogd does not count.',
      advice: 'Exempt whitelisted hosts with "no rdr" and let a "pass in log" rule of the filter pass them.',
      rule,
      rows,
    });
  }
  return finding(subject, {
    id: 'white-not-logged',
    severity: 'error',
    message:
      'Whitelisted hosts are passed without a log, so their entries expire while they still send mail.',
    advice: 'Add "log" to the rule that passes whitelisted hosts.',
    rule,
    corrected:
      rule && correct(subject, rule, { log: { ...LOG, interface: subject.options.policy.logInterface } }),
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
    corrected: correct(subject, other.record.rule, { log: log && { ...log, interface: logInterface } }),
    rows,
  });
}

/** By the rule whose record whitelists. */
function groupByRecordRule(judged: readonly Judged[]): [LoadedRule, Judged[]][] {
  const ruleOf = ({ verdict }: Judged): LoadedRule | undefined =>
    verdict.records.find(({ effect, isCorrespondent }) => effect === 'whitelist' && isCorrespondent)?.record
      .rule;
  return groupByRule(judged, ruleOf).flatMap(([rule, rows]): [LoadedRule, Judged[]][] =>
    rule ? [[rule, rows]] : [],
  );
}
