// Findings about what the rules log: too much, too little, or to the wrong place.

import type { LoadedRule } from '../loaded.js';
import { redirectsSmtp } from '../redirects.js';
import { changed, fromSelf, fromTable, narrowedInPlace, split, whiteRuleText } from './candidates.js';
import type { Correction } from './correction.js';
import { groupByRule } from './group.js';
import { firstThatHelps } from './helps.js';
import {
  filterRules,
  finding,
  type Judged,
  type Look,
  played,
  portNames,
  type Subject,
  whiteTable,
} from './subject.js';
import { allRules, coversSmtp } from './usage.js';

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
  const ofRule = (rule: LoadedRule): Judged[] =>
    rows.filter(({ verdict }) =>
      verdict.records.some(({ record }) => record.rule.statement === rule.statement),
    );
  return firstOfEach([...written, ...seen]).map(rule =>
    finding(subject, {
      id: 'redirect-logs',
      severity: 'error',
      message: 'A rule that sends SMTP to the tarpit logs the connection as passed.',
      advice:
        'Take "log" away from this rule: without the rule guard, spamlogd whitelists every host that is being tarpitted.',
      rule,
      correction: silenced(subject, rule, ofRule(rule)),
      rows: ofRule(rule),
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
    const tableRule = whiteRuleText(subject, whiteTable(subject));
    return finding(subject, {
      id: isForced ? 'log-matches-whitelists' : 'stranger-whitelisted',
      severity: 'error',
      message: isForced
        ? '"log (matches)" of another rule logs this rule as passing hosts that a later rule sends elsewhere.'
        : 'A host that nobody knows reaches a rule that passes and logs it, so its first connection whitelists it.',
      advice: isForced
        ? 'Send "log (matches)" to a pflog interface that spamlogd does not read, with "to pflogN".'
        : `Log only what whitelisted hosts send, and outgoing mail: ${tableRule}.`,
      rule,
      correction: isForced ? loggedAside(subject, rows) : silenced(subject, rule, rows),
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
      correction: changed(subject, rule, { log: rule.log && { ...rule.log, all: false } })[0] ?? null,
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
      advice: lanAdvice(subject),
      rule,
      correction: firstThatHelps(subject, rows, [
        ...fromSelf(subject).flatMap(narrow => narrowedInPlace(subject, rule, narrow)),
        ...fromSelf(subject).flatMap(narrow => split(subject, rule, narrow)),
      ]),
      rows,
    }),
  );
};

function lanAdvice(subject: Subject): string {
  const isTranslated = allRules(subject.rules).some(
    rule =>
      rule.action === 'nat' || rule.action === 'binat' || rule.options.some(({ kind }) => kind === 'nat-to'),
  );
  if (!isTranslated)
    return 'Log only the connections of the mail server itself, for instance with "from self".';
  const { inside, otherInsides } = subject.scenario;
  const names = [inside, ...otherInsides.map(({ name }) => name)].join(' and ');
  const tags = `add "tag LAN" to the rules that pass the LAN in at ${names}, and "! tagged LAN" to this one`;
  const why =
    'Its addresses are translated to our own before this rule sees them, so "from self" tells nothing';
  return subject.dialect === 'openbsd' ? `${why}: add "! received-on any", or ${tags}.` : `${why}: ${tags}.`;
}

/** The rule without its log; where whitelisted hosts or the mail server need that, with rules for them beside it. */
function silenced(subject: Subject, rule: LoadedRule, rows: readonly Judged[]): Correction | null {
  const white = fromTable(whiteTable(subject));
  const own = fromSelf(subject);
  return firstThatHelps(subject, rows, [
    ...changed(subject, rule, { log: null }),
    ...split(subject, rule, white),
    ...own.flatMap(narrow => split(subject, rule, narrow)),
    ...own.flatMap(narrow => split(subject, rule, white, narrow)),
  ]);
}

/** The `log (matches)` that does it, sent to another interface. */
function loggedAside(subject: Subject, rows: readonly Judged[]): Correction | null {
  const other = subject.options.policy.logInterface === 1 ? 2 : 1;
  const candidates = firstOfEach(filterRules(subject).filter(rule => rule.log?.matches)).flatMap(rule =>
    changed(subject, rule, { log: rule.log && { ...rule.log, interface: other } }),
  );
  return firstThatHelps(subject, rows, candidates);
}

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

/** By the rule whose record whitelists. */
function groupByRecordRule(judged: readonly Judged[]): [LoadedRule, Judged[]][] {
  const ruleOf = ({ verdict }: Judged): LoadedRule | undefined =>
    verdict.records.find(({ effect, isCorrespondent }) => effect === 'whitelist' && isCorrespondent)?.record
      .rule;
  return groupByRule(judged, ruleOf).flatMap(([rule, rows]): [LoadedRule, Judged[]][] =>
    rule ? [[rule, rows]] : [],
  );
}
