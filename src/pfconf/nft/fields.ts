// What an expression of a rule is for a packet.

import type { AddressWords } from '../../address/address.js';
import type { Endpoint } from '../evaluate/packet.js';
import { elements, type Json, member, tagged } from './model.js';
import type { NftPacket } from './packet.js';

/**
 * A value: an address, a number, or one of several names. `absent` is a field that the packet does not have, so that
 * a rule with it does not match; a doubt is one that is not known.
 */
export type Value =
  | { readonly kind: 'address'; readonly endpoint: Endpoint; readonly words: AddressWords | null }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'concat'; readonly values: readonly Value[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'doubt'; readonly doubt: string };

const ABSENT: Value = { kind: 'absent' };
const names = (...list: string[]): Value => ({ kind: 'names', names: list });
const doubt = (what: string): Value => ({ kind: 'doubt', doubt: what });

/** The value of the left side of a match. */
export function fieldOf(expression: Json | undefined, packet: NftPacket): Value {
  const one = tagged(expression);
  switch (one?.name) {
    case 'payload':
      return payloadOf(member(one.content, 'protocol'), member(one.content, 'field'), packet);
    case 'meta':
      return metaOf(member(one.content, 'key'), packet);
    case 'ct':
      return connectionOf(member(one.content, 'key'), packet);
    case 'fib':
      return fibOf(one.content, packet);
    case 'concat':
      return { kind: 'concat', values: elements(one.content).map(part => fieldOf(part, packet)) };
    case '&':
      return maskedFlags(one.content, packet);
    default:
      return doubt(`${one?.name ?? 'an expression'} is what the rule asks for`);
  }
}

function payloadOf(protocol: Json | undefined, field: Json | undefined, packet: NftPacket): Value {
  const isIpv4 = packet.family === 'inet';
  if (protocol === 'ip' && !isIpv4) return ABSENT;
  if (protocol === 'ip6' && isIpv4) return ABSENT;
  if (['udp', 'icmp', 'icmpv6', 'sctp', 'dccp', 'esp', 'ah', 'arp'].includes(String(protocol))) return ABSENT;
  switch (`${protocol} ${field}`) {
    case 'ip saddr':
    case 'ip6 saddr':
      return address(packet.source);
    case 'ip daddr':
    case 'ip6 daddr':
      return address(packet.destination);
    case 'ip protocol':
    case 'ip6 nexthdr':
      return names('tcp', '6');
    case 'tcp sport':
    case 'th sport':
      return { kind: 'number', number: packet.sourcePort };
    case 'tcp dport':
    case 'th dport':
      return packet.destinationPort === null
        ? doubt('the redirection chose that port')
        : { kind: 'number', number: packet.destinationPort };
    case 'tcp flags':
      return flagsOf(packet);
    default:
      return doubt(`${protocol} ${field} is what the rule asks for`);
  }
}

function address(endpoint: Endpoint): Value {
  return { kind: 'address', endpoint, words: endpoint.address };
}

function flagsOf(packet: NftPacket): Value {
  return names(packet.phase === 'syn' ? 'syn' : 'ack');
}

/** `tcp flags & (syn|ack)`: of the flags, those in the mask. */
function maskedFlags(content: Json, packet: NftPacket): Value {
  const [left, right] = elements(content);
  const value = fieldOf(left, packet);
  const isFlags = member(member(left, 'payload'), 'field') === 'flags';
  if (!isFlags || value.kind !== 'names') return doubt('a masked field is what the rule asks for');
  const bits = tagged(right)?.name === '|' ? elements(member(right, '|')) : right;
  const mask = Array.isArray(bits) ? bits : [bits];
  return names(...value.names.filter(name => mask.includes(name)));
}

function metaOf(key: Json | undefined, packet: NftPacket): Value {
  const { family, iifname, oifname, mark } = packet;
  switch (key) {
    case 'iif':
    case 'iifname':
      return iifname === null ? ABSENT : names(iifname);
    case 'oif':
    case 'oifname':
      return oifname === null ? ABSENT : names(oifname);
    case 'l4proto':
      return names('tcp', '6');
    case 'nfproto':
      return names(family === 'inet' ? 'ipv4' : 'ipv6');
    case 'protocol':
      return names(...(family === 'inet' ? ['ip', '0x0800', '2048'] : ['ip6', '0x86dd', '34525']));
    case 'pkttype':
      return names('host', 'unicast');
    case 'mark':
      return mark === null ? doubt('that is the mark of the packet') : { kind: 'number', number: mark };
    default:
      return doubt(`meta ${key} is what the rule asks for`);
  }
}

function connectionOf(key: Json | undefined, packet: NftPacket): Value {
  switch (key) {
    case 'state':
      return names(packet.phase === 'syn' ? 'new' : 'established');
    case 'direction':
      return names('original');
    case 'status':
      return names(
        ...(packet.isDnat ? ['dnat'] : []),
        ...(packet.phase === 'syn' ? [] : ['assured', 'confirmed']),
      );
    default:
      return doubt(`ct ${key} is what the rule asks for`);
  }
}

/** `fib daddr type local`, and `fib saddr . iif oif exists`, which the packets played here pass. */
function fibOf(content: Json, packet: NftPacket): Value {
  const flags = elements(member(content, 'flags'));
  const result = member(content, 'result');
  if (result === 'type' && flags.includes('daddr')) {
    return names(packet.destination.place === 'self' ? 'local' : 'unicast');
  }
  if (result === 'type' && flags.includes('saddr')) {
    return names(packet.source.place === 'self' ? 'local' : 'unicast');
  }
  return doubt('the routing table says what the rule asks for');
}
