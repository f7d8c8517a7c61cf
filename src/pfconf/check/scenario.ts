// The setup that connections are played in: which interface is outside, who the mail server is, who sits inside.

import { type AddressWords, formatAddress, parseAddress } from '../../address/address.js';
import { type Prefix, prefixContains } from '../../address/prefix.js';
import type { Family } from '../ast.js';
import {
  DEFAULT_HOSTS,
  type Environment,
  familyOf,
  type InterfaceAddress,
  type InterfaceInfo,
  isLoopback,
} from '../environment.js';
import { prefixOf } from '../grammar/hosts.js';
import type { LoadedRules } from '../loaded.js';
import { DEFAULT_SERVICES } from '../services.js';
import { guessedInterfaces, guessLans, hostIn, hostOf } from './guess-lans.js';
import { guessInterfaces } from './interfaces.js';
import type { CheckOptions } from './options.js';
import { allRules, isPrivateIpv4, literalPrefixes, namesSmtp } from './usage.js';

/** One address of each family, where there is one. */
export type Addresses = Readonly<Record<Family, AddressWords | null>>;

/** Who and where everybody is. */
export interface Scenario {
  readonly environment: Environment;
  readonly outside: string;
  /** Null where the rules know of no network inside. */
  readonly inside: string | null;
  readonly mailServer: Addresses;
  readonly stranger: Addresses;
  readonly lanHost: Addresses;
  /** Further interfaces at which mail from anybody may arrive. */
  readonly otherOutsides: readonly string[];
  /** Further networks inside, and a host in each. */
  readonly otherInsides: readonly InnerNetwork[];
  /** What of this was guessed, in words. */
  readonly assumptions: readonly string[];
}

/** An interface inside, and a host behind it. */
export interface InnerNetwork {
  readonly name: string;
  readonly host: Addresses;
}

/** Addresses for documentation first; rules against forged senders block these, so there are others. */
const CANDIDATES: Readonly<Record<Family, readonly string[]>> = {
  inet: [
    ...['203.0.113.25', '198.51.100.25', '192.0.2.25', '45.33.32.25', '88.99.64.25', '140.82.112.25'],
    ...['17.57.144.25', '62.116.130.25', '151.101.64.25', '185.199.108.25', '209.85.128.25'],
  ],
  inet6: ['2001:db8:25::25', '2600:3c00::25', '2a01:4f8:25::25', '2c0f:fb50::25', '2804:14d::25'],
};

const FAMILIES: readonly Family[] = ['inet', 'inet6'];

/** The setup that the options give, completed by what the rules suggest. */
export function buildScenario(rules: LoadedRules, options: CheckOptions): Scenario {
  const literals = literalPrefixes(rules);
  const strangers = pickAddresses(literals, []);
  const { mailServer, isGiven } = mailServerOf(rules, options, literals, strangers);
  const { outside, inside, otherOutsides, otherInsides, isGuessed } = guessInterfaces(rules, options);
  const known = options.interfaces;
  const lans = guessLans(rules, literals, inside === null ? [] : [inside, ...otherInsides]);
  const hostAt = (name: string): Addresses =>
    known ? neighbourOf(known.find(one => one.name === name)) : hostOf(lans.get(name)!, literals);
  const outer = [outside, ...otherOutsides];
  const environment: Environment = {
    interfaces: known ?? guessedInterfaces(outer, lans, mailServer),
    isComplete: known !== undefined,
    services: options.services ?? DEFAULT_SERVICES,
    hosts: DEFAULT_HOSTS,
  };
  const insideNames = inside === null ? [] : [inside, ...otherInsides];
  const assumptions = [
    ...(isGuessed ? [interfacesSentence('outside', outer)] : []),
    ...(isGuessed && inside !== null ? [interfacesSentence('inside', insideNames)] : []),
    ...(inside === null ? ['there is no network inside'] : []),
    ...(isGiven ? [] : [`the mail server is this machine, at ${formatAddresses(mailServer)}`]),
  ];
  return {
    environment,
    outside,
    inside,
    mailServer,
    stranger: strangers,
    lanHost: inside === null ? { inet: null, inet6: null } : hostAt(inside),
    otherOutsides,
    otherInsides: otherInsides.map(name => ({ name, host: hostAt(name) })),
    assumptions,
  };
}

function interfacesSentence(side: string, names: readonly string[]): string {
  const are = names.length === 1 ? 'interface is' : 'interfaces are';
  return `the ${side} ${are} ${names.join(' and ')}`;
}

function formatAddresses(addresses: Addresses): string {
  return FAMILIES.flatMap(family => {
    const words = addresses[family];
    return words ? [formatAddress(words)] : [];
  }).join(' and ');
}

/** An address of each family that no rule mentions, and that is not taken. */
export function pickAddresses(
  literals: readonly Prefix[],
  taken: readonly (AddressWords | null)[],
): Record<Family, AddressWords> {
  const choose = (family: Family): AddressWords => {
    const all = CANDIDATES[family].map(text => parseAddress(text)!);
    const free = all.filter(words => !taken.some(one => one?.join() === words.join()));
    return free.find(words => !literals.some(prefix => prefixContains(prefix, words))) ?? free[0]!;
  };
  return { inet: choose('inet'), inet6: choose('inet6') };
}

/** The mail server: as given, as the machine has it, or the address that rules for inbound SMTP name. */
function mailServerOf(
  rules: LoadedRules,
  options: CheckOptions,
  literals: readonly Prefix[],
  strangers: Addresses,
): { mailServer: Addresses; isGiven: boolean } {
  const given = (options.mailServers ?? []).map(parseAddress).filter(words => words !== undefined);
  const own = outsideAddresses(options);
  const services = options.services ?? DEFAULT_SERVICES;
  const named = allRules(rules)
    .filter(rule => rule.direction !== 'out' && namesSmtp(rule, options.policy.ports, services))
    .flatMap(({ destination }) =>
      destination?.kind === 'prefix' && destination.prefix.bits === 128 && !destination.negated
        ? [destination.prefix]
        : [],
    )
    .filter(prefix => !isPrivateIpv4(prefix) && !isLoopback(prefix.words))
    .map(prefix => prefix.words);
  const fallback = pickAddresses(literals, Object.values(strangers));
  const firstOf = (family: Family): AddressWords => {
    const known = [...given, ...own, ...named].find(words => familyOf(words) === family);
    return known ?? fallback[family];
  };
  const isGiven = given.length > 0 || own.length > 0;
  return { mailServer: { inet: firstOf('inet'), inet6: firstOf('inet6') }, isGiven };
}

function outsideAddresses(options: CheckOptions): AddressWords[] {
  const outside = (options.interfaces ?? []).filter(
    one => one.name === options.outsideInterface || one.groups.includes('egress'),
  );
  return outside
    .flatMap(one => (one.addresses ?? []).map(({ address }) => address))
    .filter(words => !isLinkLocal(words));
}

function isLinkLocal(words: AddressWords): boolean {
  return words[0] >>> 22 === 0xfe80 >>> 6;
}

/** A host beside this machine in the networks of an interface. */
function neighbourOf(one: InterfaceInfo | undefined): Addresses {
  const find = (family: Family): AddressWords | null => {
    const fits = ({ address }: InterfaceAddress): boolean =>
      familyOf(address) === family && !isLinkLocal(address);
    const own = one?.addresses?.find(fits);
    if (!own) return null;
    const network = prefixOf(own.address, own.bits);
    const [first, second] = [hostIn(network, 25), hostIn(network, 26)];
    return first.join() === own.address.join() ? second : first;
  };
  return { inet: find('inet'), inet6: find('inet6') };
}
