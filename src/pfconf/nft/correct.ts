// Rules for nftables as they should be.

import type { Family } from '../ast.js';
import type { NftRule, NftSet } from './model.js';
import { whiteSets } from './scenario.js';
import type { NftSubject } from './subject.js';
import type { NftVerdict } from './verdict.js';

/** The groups of a daemon that was not told others: inbound, outbound. */
const DEFAULT_GROUPS = [25, 26] as const;

const SYN = 'ct state new tcp flags & (fin|syn|rst|ack) == syn';

function portOf({ options }: NftSubject): number {
  return options.ports[0] ?? 25;
}

function groupOf({ options }: NftSubject, direction: 'in' | 'out'): number {
  const [inbound, outbound = inbound] = options.groups?.length ? options.groups : DEFAULT_GROUPS;
  return (direction === 'in' ? inbound : outbound) ?? DEFAULT_GROUPS[0];
}

function logOf(subject: NftSubject, direction: 'in' | 'out'): string {
  return `log prefix "spamlogd-${direction}" group ${groupOf(subject, direction)} queue-threshold 1`;
}

/** Of hosts in the whitelist alone, so that it may stand anywhere: a rule a family that has a set. */
export function loggedFromWhite(subject: NftSubject, rows: readonly NftVerdict[]): string {
  const tests = `tcp dport ${portOf(subject)} ${SYN} ${logOf(subject, 'in')} accept`;
  return whiteSources(subject, rows, '')
    .map(source => `${source} ${tests}`)
    .join('\n');
}

/** Of outgoing mail. It belongs into an output chain, which sees none of the LAN's. */
export function loggedOutbound(subject: NftSubject): string {
  const { outside } = subject.scenario;
  return `oifname "${outside}" tcp dport ${portOf(subject)} ${SYN} ${logOf(subject, 'out')} accept`;
}

/** Hosts of the whitelist are let through. */
export function acceptedFromWhite(subject: NftSubject, rows: readonly NftVerdict[]): string {
  const tests = `tcp dport ${portOf(subject)} accept`;
  return whiteSources(subject, rows, '')
    .map(source => `${source} ${tests}`)
    .join('\n');
}

/** All others are sent to the tarpit, which listens where spamd(8) does. */
export function redirectedUnlessWhite(subject: NftSubject, rows: readonly NftVerdict[]): string {
  const { outside } = subject.scenario;
  const tests = `tcp dport ${portOf(subject)} redirect to :8025`;
  return whiteSources(subject, rows, '!= ')
    .map(source => `iifname "${outside}" ${source} ${tests}`)
    .join('\n');
}

/** `ip saddr @white4`, for each set of a family that the rows are of; as if there were one where there is none. */
function whiteSources(subject: NftSubject, rows: readonly NftVerdict[], sign: '' | '!= '): string[] {
  const families = new Set<Family>(rows.map(({ connection }) => connection.family));
  const sets = whiteSetsOf(subject);
  const fitting = sets.filter(set => families.has(familyOfSet(set)));
  if (fitting.length === 0) {
    const [name = 'spamd-white'] = subject.options.whiteTables;
    return sets.length === 0 || families.has('inet')
      ? [`ip saddr ${sign}@${name}`]
      : [`ip6 saddr ${sign}@${name}6`];
  }
  return fitting.map(set => `${familyOfSet(set) === 'inet6' ? 'ip6' : 'ip'} saddr ${sign}@${set.name}`);
}

function familyOfSet({ type }: NftSet): Family {
  return type === 'ipv6_addr' ? 'inet6' : 'inet';
}

function whiteSetsOf({ ruleset, options }: NftSubject): NftSet[] {
  const names = whiteSets(ruleset, options.whiteTables);
  return [...ruleset.sets.values()].filter(({ name }) => names.includes(name));
}

/** Where such a rule goes: a set is known in its own table alone. */
export function placeForWhite(
  subject: NftSubject,
  rule: NftRule | null | undefined,
  rows: readonly NftVerdict[],
): string {
  const sets = whiteSetsOf(subject);
  const isOverIpv6 = rows.every(({ connection }) => connection.family === 'inet6');
  if (isOverIpv6 && sets.length > 0 && sets.every(set => familyOfSet(set) === 'inet')) {
    return ' The whitelist needs a set of type ipv6_addr for that.';
  }
  const tables = [...new Set(sets.map(set => set.table))];
  if (tables.length === 0 || (rule && tables.includes(`${rule.family} ${rule.table}`))) return '';
  return ` It belongs into a chain of table ${tables.join(' or ')}, which has that set.`;
}
