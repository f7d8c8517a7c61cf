// Findings about an nftables ruleset.

import { notUnderstood } from '../check/findings-tables.js';
import { groupBy } from '../check/group.js';
import type { Finding } from '../check/report.js';
import {
  acceptedFromWhite,
  loggedFromWhite,
  loggedOutbound,
  placeForWhite,
  redirectedUnlessWhite,
} from './correct.js';
import { evaluateNft } from './evaluate.js';
import type { NftRule } from './model.js';
import { logGroup, whiteSets } from './scenario.js';
import { type NftLook, type NftSubject, nftFinding, playedNft } from './subject.js';
import { firstPacket, type NftVerdict } from './verdict.js';

/** Hosts that nobody knows are logged where spamlogd counts them. */
export const strangersThatAreCounted: NftLook = subject => {
  const wrong = playedNft(subject, 'stranger', 'trapped').filter(
    verdict => verdict.spamlogd === 'whitelists',
  );
  return [...groupBy(wrong, verdict => `${verdict.goesTo} ${verdict.counted[0]?.rule.id}`).values()].map(
    rows => {
      const rule = rows[0]!.counted[0]?.rule;
      const words = wordsFor(rows[0]!);
      const advice = words.advice + placeForWhite(subject, rule, rows);
      const corrected = loggedFromWhite(subject, rows);
      return nftFinding({ ...words, advice, corrected, severity: 'error', rule, rows });
    },
  );
};

function wordsFor(verdict: NftVerdict): Pick<Finding, 'id' | 'message' | 'advice'> {
  switch (verdict.goesTo) {
    case 'tarpit':
      return {
        id: 'log-before-redirect',
        message:
          'This logs connections that are sent to the tarpit, so the hosts that are tarpitted are whitelisted.',
        advice:
          'Log in an input chain, behind the redirection, and only what comes from the whitelist and is accepted.',
      };
    case 'blocked':
      return {
        id: 'log-without-accept',
        message:
          'This logs connections that are dropped later, so hosts that never get through are whitelisted.',
        advice: 'Log in the rule that accepts the whitelist, and only there.',
      };
    default:
      return {
        id: 'stranger-whitelisted',
        message: 'A host that nobody knows is accepted and logged, so its first connection whitelists it.',
        advice: 'Log only what comes from the whitelist, and outgoing mail.',
      };
  }
}

/** Packets in the middle of a connection are logged too. */
export const logsWithoutSynTest: NftLook = subject => {
  const logged = subject.verdicts.flatMap(({ connection }) => {
    const packet = firstPacket(connection, subject.options.ports[0] ?? 25, 'established');
    const walks = evaluateNft(packet, subject.scenario, subject.lookup);
    const records = walks.flatMap(walk => walk.records).filter(({ group }) => isRead(group, subject));
    return records.map(({ rule }) => ({ rule, direction: connection.direction }));
  });
  const byRule = new Map(logged.map(one => [one.rule, one]));
  return [...byRule].map(([rule, { direction }]) =>
    nftFinding({
      id: 'log-lacks-syn',
      severity: 'warning',
      message: 'This logs every packet of a connection, where the first would do.',
      advice: 'Test for the first packet of a connection before "log".',
      rule,
      corrected:
        direction === 'out' ? loggedOutbound(subject) : loggedFromWhite(subject, playedNft(subject, 'white')),
    }),
  );
};

/** Ports that a mail filter has no business with; one of them reaching the log shows that it is shared. */
const OTHER_PORTS = [22, 80, 443, 8025];

/** The group that spamlogd reads carries other traffic. */
export const groupsThatAreShared: NftLook = subject => {
  const used = new Set(subject.verdicts.flatMap(verdict => verdict.counted.map(record => record.group)));
  const logged = subject.verdicts.flatMap(({ connection }) =>
    OTHER_PORTS.flatMap(port =>
      evaluateNft(firstPacket(connection, port, 'syn'), subject.scenario, subject.lookup).flatMap(
        walk => walk.records,
      ),
    ),
  );
  const rules = new Set(
    logged.filter(({ group }) => group !== null && used.has(group)).map(record => record.rule),
  );
  return [...rules].map(rule =>
    nftFinding({
      id: 'group-shared',
      severity: 'warning',
      message: `Group ${logGroup(rule) ?? ''} carries packets that are no mail, which only one program can read.`,
      advice: 'Give spamlogd a group of its own.',
      rule,
    }),
  );
};

function isRead(group: number | null, { options }: NftSubject): boolean {
  return group !== null && (options.groups?.includes(group) ?? true);
}

/** Whitelisted hosts do not get through. */
export const whitelistedHostsThatAreLost: NftLook = subject => {
  const wrong = playedNft(subject, 'white', 'nospamd').filter(
    ({ goesTo, connection }) => goesTo === 'tarpit' || (goesTo === 'blocked' && connection.family === 'inet'),
  );
  return [...groupBy(wrong, verdict => verdict.rule)].map(([rule, rows]) =>
    nftFinding({
      id: 'white-not-reached',
      severity: 'error',
      message: `Whitelisted hosts end ${rows[0]!.goesTo === 'tarpit' ? 'in the tarpit' : 'blocked'}.`,
      advice: `Let the set of the whitelist through before this.${placeForWhite(subject, rule, rows)}`,
      rule,
      corrected: acceptedFromWhite(subject, rows),
      rows,
    }),
  );
};

/** Connections that should be seen are not logged, or to a group that is not read. */
export const connectionsThatAreNotSeen: NftLook = subject => {
  const roles = subject.options.inboundOnly ? (['white'] as const) : (['white', 'mail-server'] as const);
  const wrong = playedNft(subject, ...roles).filter(
    ({ goesTo, spamlogd }) => goesTo === 'mta' && spamlogd === 'nothing',
  );
  return [...groupBy(wrong, unseenReason).values()].map(rows => {
    const [{ connection, records }] = rows as [NftVerdict, ...NftVerdict[]];
    const elsewhere = records.find(record => record.group === null || !isRead(record.group, subject));
    const isIn = connection.direction === 'in';
    const corrected = isIn ? loggedFromWhite(subject, rows) : loggedOutbound(subject);
    const place = isIn ? placeForWhite(subject, rows[0]!.rule, rows) : '';
    if (elsewhere) {
      const where = elsewhere.group === null ? 'to syslog' : `to group ${elsewhere.group}`;
      return nftFinding({
        id: 'other-log-group',
        severity: 'error',
        message: `This is logged ${where}, which spamlogd does not read.`,
        advice: 'Log to the group that spamlogd reads.',
        rule: elsewhere.rule,
        corrected,
        rows,
      });
    }
    return nftFinding({
      id: isIn ? 'white-not-logged' : 'outbound-not-logged',
      severity: isIn ? 'error' : 'warning',
      message: isIn
        ? 'Whitelisted hosts are accepted without a log, so their entries expire while they still send mail.'
        : 'Outgoing mail is not logged, so the hosts it goes to are not whitelisted.',
      advice: isIn
        ? `Log what comes from the whitelist, before this rule.${place}`
        : 'Log it in an output chain.',
      rule: rows[0]!.rule,
      corrected,
      rows,
    });
  });
};

function unseenReason({ connection, records }: NftVerdict): string {
  return `${connection.direction} ${records.map(record => record.rule.id).join()}`;
}

/** Hosts that nobody knows go past the tarpit. */
export const strangersThatAreNotSentAway: NftLook = subject => {
  const strangers = playedNft(subject, 'stranger', 'trapped');
  const isTarpitted = strangers.some(({ goesTo }) => goesTo === 'tarpit');
  const wrong = strangers.filter(({ goesTo, spamlogd }) => goesTo === 'mta' && spamlogd !== 'whitelists');
  return [...groupBy(wrong, ({ connection }) => isTarpitted && connection.family === 'inet6')].map(
    ([isIpv6, rows]) =>
      nftFinding({
        id: isIpv6 ? 'ipv6-not-redirected' : 'stranger-not-tarpitted',
        severity: 'warning',
        message: isIpv6
          ? 'Over IPv6, hosts that nobody knows go past the tarpit to the mail server.'
          : 'Hosts that nobody knows go straight to the mail server.',
        advice: `Redirect SMTP from hosts that are not whitelisted to the tarpit, in a prerouting chain of type nat.${placeForWhite(subject, null, rows)}`,
        rule: rows[0]!.rule,
        corrected: redirectedUnlessWhite(subject, rows),
        rows,
      }),
  );
};

/** A host of the LAN can whitelist whom it likes. */
export const lanThatIsCounted: NftLook = subject => {
  const wrong = playedNft(subject, 'lan').filter(({ spamlogd }) => spamlogd === 'whitelists');
  const ruleOf = (verdict: NftVerdict): NftRule | undefined => verdict.counted[0]?.rule;
  return [...groupBy(wrong, ruleOf)].map(([rule, rows]) =>
    nftFinding({
      id: 'lan-whitelists',
      severity: 'warning',
      message: 'Any host of the LAN whitelists the hosts that it sends mail to.',
      advice: 'Log only in the output chain, which sees the mail of this machine alone.',
      rule,
      corrected: loggedOutbound(subject),
      rows,
    }),
  );
};

/** No set of the ruleset is the whitelist. */
export const whiteSetThatIsMissing: NftLook = subject => {
  if (whiteSets(subject.ruleset, subject.options.whiteTables).length > 0) return [];
  return [
    nftFinding({
      id: 'white-table-missing',
      severity: 'error',
      message: `There is no set ${subject.options.whiteTables.map(name => `@${name}`).join(' or ')}.`,
      advice: 'Name the set that the whitelist is pushed to, or add one.',
      corrected: `set ${subject.options.whiteTables[0] ?? 'spamd-white'} { type ipv4_addr; flags timeout; }`,
      rows: playedNft(subject, 'white'),
    }),
  ];
};

/** What is not known, and what could not be read. */
export const nftInDoubt: NftLook = subject => {
  const rows = subject.verdicts.filter(
    ({ goesTo, spamlogd }) => goesTo === 'unknown' || spamlogd === 'unknown',
  );
  const undecided = [...groupBy(rows, ({ doubts }) => doubts.join('; '))].map(([doubts, group]) =>
    nftFinding({
      id: 'undecided',
      severity: 'warning',
      message: `What becomes of this connection is not known${doubts === '' ? '' : ` (${doubts})`}.`,
      advice: 'Check these rules by hand.',
      rows: group,
    }),
  );
  return [...undecided, ...subject.ruleset.diagnostics.map(notUnderstood)];
};
