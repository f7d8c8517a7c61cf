// Whom a connection seems to come from after source translation.

import type { AddressWords } from '../../address/address.js';
import type { Host, Pool } from '../ast.js';
import { type Environment, familyOf, interfacesNamed } from '../environment.js';
import type { LoadedRule } from '../loaded.js';
import type { Endpoint, Packet } from './packet.js';

const NO_TABLES: ReadonlySet<string> = new Set();

/**
 * The packet with the source that a `nat-to` of the rule gives it: every rule behind a `match` sees that one
 * (pf_get_transaddr() of OpenBSD's pf_match_rule()). Other packets as they are.
 */
export function sourceTranslated(rule: LoadedRule, packet: Packet, environment: Environment): Packet {
  const option = rule.options.find(one => one.kind === 'nat-to');
  return option?.kind === 'nat-to' ? sentFrom(option.pool, packet, environment) : packet;
}

/** The packet as if it came from one of the pool's addresses. */
export function sentFrom(pool: Pool, packet: Packet, environment: Environment): Packet {
  const choices = pool.hosts.map(host => addressesOf(host, packet, environment));
  const isKnown = choices.every(list => list !== null && list.length > 0);
  const addresses = isKnown ? choices.flatMap(list => list ?? []) : [];
  const [only] = addresses;
  // What we translate to is ours, as those outside see it.
  const source: Endpoint = {
    address: addresses.length === 1 ? only! : null,
    ...(addresses.length > 1 ? { choices: addresses } : {}),
    place: 'self',
    tables: NO_TABLES,
  };
  return { ...packet, source };
}

/** The addresses of the packet's family that a pool's host stands for; null where they are not known. */
function addressesOf(host: Host, packet: Packet, environment: Environment): AddressWords[] | null {
  const fits = (words: AddressWords): boolean => familyOf(words) === packet.family;
  if (host.kind === 'prefix') return host.prefix.bits === 128 ? [host.prefix.words].filter(fits) : null;
  if (host.kind !== 'name' && host.kind !== 'dynamic') return null;
  const named = host.kind === 'name' ? environment.hosts.get(host.name) : undefined;
  if (named) return named.filter(fits);
  if (host.modifiers.some(one => one !== '0')) return null;
  const interfaces = interfacesNamed(environment, host.name);
  if (interfaces.length === 0 || interfaces.some(one => one.addresses === null)) return null;
  const own = interfaces.flatMap(one => (one.addresses ?? []).map(({ address }) => address)).filter(fits);
  return host.modifiers.includes('0') ? own.slice(0, 1) : own;
}
