// Names in rules to the addresses that pfctl would put in their place when it loads them.

import type { AddressWords } from '../address/address.js';
import type { Family, Host } from './ast.js';
import { type Environment, familyOf, type InterfaceAddress, interfacesNamed } from './environment.js';
import { prefixOf } from './grammar/hosts.js';

/**
 * The addresses in place of a host written as a name; other hosts as they are. A name that is not known stays, and
 * `isKnown` is false: how many rules it makes, only the machine can tell.
 */
export function resolveHost(
  host: Host,
  environment: Environment,
): { hosts: readonly Host[]; isKnown: boolean } {
  if (host.kind !== 'name') return { hosts: [host], isKnown: true };
  const { negated } = host;
  const addresses = environment.hosts.get(host.name);
  if (addresses && host.modifiers.length === 0) {
    return { hosts: addresses.map(words => addressHost(words, host.bits, negated)), isKnown: true };
  }
  const interfaces = interfacesNamed(environment, host.name);
  const isKnown =
    environment.isComplete && interfaces.length > 0 && interfaces.every(one => one.addresses !== null);
  if (!isKnown) return { hosts: [host], isKnown: false };
  const hosts = interfaces
    .flatMap(one => one.addresses ?? [])
    .map(address => interfaceHost(address, host.modifiers, host.bits, negated));
  return { hosts, isKnown: true };
}

function interfaceHost(
  { address, bits }: InterfaceAddress,
  modifiers: readonly string[],
  written: number | null,
  negated: boolean,
): Host {
  if (!modifiers.includes('network')) return addressHost(address, written, negated);
  return { kind: 'prefix', negated, prefix: prefixOf(address, bits) };
}

function addressHost(words: AddressWords, bits: number | null, negated: boolean): Host {
  const limit = familyOf(words) === 'inet' ? 32 : 128;
  const length = bits === null || bits > limit ? 128 : bits + 128 - limit;
  return { kind: 'prefix', negated, prefix: prefixOf(words, length) };
}

/** The family of a host; null where it has none of its own, as a table. */
export function hostFamily(host: Host | null): Family | null {
  if (host?.kind === 'prefix') return prefixFamily(host.prefix.words, host.prefix.bits);
  if (host?.kind === 'range') return familyOf(host.first.words);
  return null;
}

function prefixFamily(words: AddressWords, bits: number): Family {
  return bits >= 96 ? familyOf(words) : 'inet6';
}
