// The networks inside, where the machine was not asked: what rules say of them, or such as could be there.

import { type AddressWords, parseAddress } from '../../address/address.js';
import type { Prefix } from '../../address/prefix.js';
import type { Host } from '../ast.js';
import { familyOf, type InterfaceInfo } from '../environment.js';
import { prefixOf } from '../grammar/hosts.js';
import type { LoadedRules } from '../loaded.js';
import type { Addresses } from './scenario.js';
import { allRules, isPrivateIpv4 } from './usage.js';

/** A network of each family. */
export interface Lan {
  readonly inet: Prefix;
  readonly inet6: Prefix;
}

/** The network at each of the interfaces: one that rules at it name, or any private one for the first. */
export function guessLans(
  rules: LoadedRules,
  literals: readonly Prefix[],
  names: readonly string[],
): ReadonlyMap<string, Lan> {
  const lans = new Map<string, Lan>();
  const isTaken = (prefix: Prefix): boolean =>
    [...lans.values()].some(({ inet }) => inet.words.join() === prefix.words.join());
  names.forEach((name, i) => {
    const mentioned = i === 0 ? literals.filter(({ bits }) => bits < 126) : [];
    const found = [...mentioned, ...prefixesAt(rules, name)].find(
      prefix => isPrivateIpv4(prefix) && !isTaken(prefix),
    );
    const inet = found ?? { words: parseAddress(`192.168.${25 + i}.0`)!, bits: 120 };
    lans.set(name, { inet, inet6: { words: parseAddress(`fd00:${25 + i}::`)!, bits: 64 } });
  });
  return lans;
}

/** Networks of the hosts that rules at an interface are about: senders of what comes in, receivers of what goes out. */
function prefixesAt(rules: LoadedRules, name: string): Prefix[] {
  return allRules(rules)
    .filter(rule => rule.interface?.name === name && !rule.interface.negated)
    .flatMap(({ direction, source, destination }) => {
      const hosts: (Host | null)[] =
        direction === 'in' ? [source] : direction === 'out' ? [destination] : [source, destination];
      return hosts.flatMap(host => (host?.kind === 'prefix' && !host.negated ? [host.prefix] : []));
    })
    .map(prefix => (prefix.bits < 126 ? prefix : prefixOf(prefix.words, 120)));
}

/** A host of the network that no rule is about. */
export function hostOf({ inet, inet6 }: Lan, literals: readonly Prefix[]): Addresses {
  const choices = [25, 26, 27, 28, 29].map(host => hostIn(inet, host));
  const isNamed = (words: AddressWords): boolean =>
    literals.some(prefix => prefix.bits === 128 && prefix.words.join() === words.join());
  return { inet: choices.find(words => !isNamed(words)) ?? choices[0]!, inet6: hostIn(inet6, 0x25) };
}

/** The address of that number in a network. */
export function hostIn(prefix: Prefix, host: number): AddressWords {
  const [a, b, c, d] = prefix.words;
  return [a, b, c, (d | (host % 2 ** Math.min(8, 128 - prefix.bits))) >>> 0];
}

/** The interfaces of such a machine. */
export function guessedInterfaces(
  outsides: readonly string[],
  lans: ReadonlyMap<string, Lan>,
  mailServer: Addresses,
): InterfaceInfo[] {
  const [outside = 'egress', ...others] = outsides;
  const own = Object.values(mailServer).filter(words => words !== null);
  const outer: InterfaceInfo = {
    name: outside,
    groups: ['egress'],
    addresses: own.map(address => ({ address, bits: familyOf(address) === 'inet' ? 120 : 64 })),
    isLoopback: false,
  };
  // What their addresses are, nobody knows.
  const further = others.map(name => ({ name, groups: [], addresses: null, isLoopback: false }));
  const inner = [...lans].map(([name, { inet, inet6 }]) => ({
    name,
    groups: [],
    addresses: [
      { address: hostIn(inet, 1), bits: inet.bits },
      { address: hostIn(inet6, 1), bits: inet6.bits },
    ],
    isLoopback: false,
  }));
  return [outer, ...further, ...inner, LOOPBACK];
}

const LOOPBACK: InterfaceInfo = {
  name: 'lo0',
  groups: ['lo'],
  addresses: [
    { address: parseAddress('127.0.0.1')!, bits: 104 },
    { address: parseAddress('::1')!, bits: 128 },
  ],
  isLoopback: true,
};
