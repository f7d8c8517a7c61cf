// The setup that connections are played in, as far as an nftables ruleset tells.

import { type AddressWords, parseAddress } from '../../address/address.js';
import { type Prefix, parsePrefix } from '../../address/prefix.js';
import type { Family } from '../ast.js';
import type { TableNames } from '../check/options.js';
import { pickAddresses, type Scenario } from '../check/scenario.js';
import { EMPTY_ENVIRONMENT, familyOf } from '../environment.js';
import { elements, type Json, member, type NftRule, type NftRuleset, tagged } from './model.js';

/** What a check of an nftables ruleset is told besides the rules. */
export interface NftCheckOptions extends TableNames {
  /** NFLOG groups that spamlogd reads; null for every group that a rule logs to. */
  readonly groups: readonly number[] | null;
  /** Destination ports of SMTP. */
  readonly ports: readonly number[];
  readonly inboundOnly: boolean;
  readonly outsideInterface?: string;
  readonly insideInterface?: string;
  readonly mailServers?: readonly string[];
  readonly services?: ReadonlyMap<string, number>;
}

/** All rules of all chains. */
function allNftRules(ruleset: NftRuleset): NftRule[] {
  return [...ruleset.chains.values()].flatMap(chain => chain.rules);
}

/** The setup that the options give, completed by what the rules suggest. */
export function buildNftScenario(ruleset: NftRuleset, options: NftCheckOptions): Scenario {
  const rules = allNftRules(ruleset);
  const literals = [
    ...rules.flatMap(rule => rule.statements),
    ...[...ruleset.sets.values()].flatMap(set => set.elements),
  ];
  const prefixes = literals.flatMap(prefixesIn).filter(prefix => prefix.bits > 0 && prefix.bits !== 96);
  const stranger = pickAddresses(prefixes, []);
  const fallback = pickAddresses(prefixes, Object.values(stranger));
  const given = (options.mailServers ?? []).map(parseAddress).filter(words => words !== undefined);
  const named = rules.flatMap(rule => namedServers(rule, options.ports));
  const server = (family: Family): AddressWords =>
    [...given, ...named].find(words => familyOf(words) === family) ?? fallback[family];
  const names = interfacesOf(rules, options.ports);
  const outside = options.outsideInterface ?? names[0] ?? 'eth0';
  const inside = options.insideInterface ?? names.find(name => name !== outside) ?? null;
  return {
    environment: EMPTY_ENVIRONMENT,
    outside,
    inside,
    mailServer: { inet: server('inet'), inet6: server('inet6') },
    stranger,
    otherOutsides: [],
    otherInsides: [],
    lanHost: { inet: parseAddress('192.168.25.25')!, inet6: parseAddress('fd00:25::25')! },
    assumptions: [
      ...(options.outsideInterface === undefined ? [`the outside interface is ${outside}`] : []),
      ...(inside === null ? ['there is no network inside'] : []),
      ...(options.insideInterface === undefined && inside !== null
        ? [`the inside interface is ${inside}`]
        : []),
      ...(given.length > 0 ? [] : ['the mail server is this machine']),
    ],
  };
}

/** Every address and prefix anywhere in a statement. */
function prefixesIn(value: Json): Prefix[] {
  if (typeof value === 'string') return [parsePrefix(value)].filter(prefix => prefix !== undefined);
  if (typeof value !== 'object' || value === null) return [];
  const prefix = member(value, 'prefix');
  const whole = parsePrefix(`${member(prefix, 'addr')}/${member(prefix, 'len')}`);
  return whole ? [whole] : Object.values(value).flatMap(one => prefixesIn(one as Json));
}

/** `ip daddr` addresses of rules about SMTP. */
function namedServers(rule: NftRule, ports: readonly number[]): AddressWords[] {
  if (!mentionsPort(rule, ports)) return [];
  return matches(rule, 'daddr')
    .map(right => (typeof right === 'string' ? parseAddress(right) : undefined))
    .filter(words => words !== undefined);
}

/** The right sides of what a rule compares a header field with. */
function matches(rule: NftRule, field: string): (Json | undefined)[] {
  return rule.statements
    .map(statement => member(statement, 'match'))
    .filter(match => member(member(member(match, 'left'), 'payload'), 'field') === field)
    .filter(match => member(match, 'op') !== '!=')
    .map(match => member(match, 'right'));
}

/** Whether the rule asks for one of the ports by number, alone or in a list. */
function mentionsPort(rule: NftRule, ports: readonly number[]): boolean {
  const holds = (right: Json | undefined): boolean => {
    if (typeof right === 'number') return ports.includes(right);
    return elements(member(right, 'set')).some(holds);
  };
  return matches(rule, 'dport').some(holds);
}

/**
 * Interfaces by name, the one that is most probably outside first: where SMTP comes in, or what is masqueraded goes
 * out. Of a rule with both, the one that it goes out by.
 */
function interfacesOf(rules: readonly NftRule[], ports: readonly number[]): string[] {
  const scores = new Map<string, number>();
  const add = (names: readonly string[], score: number): void => {
    for (const name of names) scores.set(name, (scores.get(name) ?? 0) + score);
  };
  for (const rule of rules) {
    const [incoming, outgoing] = [
      interfacesIn(rule, ['iifname', 'iif']),
      interfacesIn(rule, ['oifname', 'oif']),
    ];
    const isSmtp = mentionsPort(rule, ports);
    const isTranslated = rule.statements.some(one =>
      ['masquerade', 'snat'].includes(tagged(one)?.name ?? ''),
    );
    add(outgoing, isTranslated ? 1000 : isSmtp ? 10 : 0);
    add(incoming, isSmtp && outgoing.length === 0 ? 100 : 0);
  }
  return [...scores].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

function interfacesIn(rule: NftRule, keys: readonly string[]): string[] {
  return rule.statements.flatMap(statement => {
    const match = member(statement, 'match');
    const key = member(member(member(match, 'left'), 'meta'), 'key');
    const right = member(match, 'right');
    const isInterface = keys.includes(String(key)) && member(match, 'op') !== '!=';
    return isInterface && typeof right === 'string' && !right.endsWith('*') && right !== 'lo' ? [right] : [];
  });
}

/** The names of sets that take part as the whitelist: those that were given, or those whose name says so. */
export function whiteSets(ruleset: NftRuleset, given: readonly string[]): string[] {
  const names = [...ruleset.sets.values()].map(set => set.name);
  const known = given.filter(name => names.includes(name));
  return known.length > 0 ? known : names.filter(name => /white/i.test(name));
}

/** The log statement of a rule with its group; undefined where it logs to syslog or not at all. */
export function logGroup(rule: NftRule): number | undefined {
  for (const statement of rule.statements) {
    const one = tagged(statement);
    const group = one?.name === 'log' ? member(one.content, 'group') : undefined;
    if (typeof group === 'number') return group;
  }
  return undefined;
}
