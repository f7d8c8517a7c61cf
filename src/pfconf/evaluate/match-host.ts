// Whether one end of a connection is what a rule's address says.

import type { AddressWords } from '../../address/address.js';
import { type Prefix, prefixContains } from '../../address/prefix.js';
import type { Host } from '../ast.js';
import { type Environment, familyOf, type InterfaceInfo, interfacesNamed } from '../environment.js';
import { prefixOf } from '../grammar/hosts.js';
import type { LoadedRules } from '../loaded.js';
import { hostFamily } from '../resolve.js';
import { findTable, tableContains } from '../tables.js';
import { type Answer, negate } from './answer.js';
import type { Endpoint } from './packet.js';

/** What decides about addresses besides the packet: the rules' tables and the machine. */
export interface Knowledge {
  readonly rules: LoadedRules;
  readonly environment: Environment;
}

/** Whether the address of a rule in the ruleset at `path` matches the endpoint. */
export function matchHost(host: Host, endpoint: Endpoint, path: string, knowledge: Knowledge): Answer {
  const answer = matchPlain(host, endpoint, path, knowledge);
  return host.negated ? negate(answer) : answer;
}

function matchPlain(host: Host, endpoint: Endpoint, path: string, knowledge: Knowledge): Answer {
  switch (host.kind) {
    case 'prefix':
      return withAddress(endpoint, words => hasFamily(host, words) && prefixContains(host.prefix, words));
    case 'range':
      return withAddress(
        endpoint,
        words => hasFamily(host, words) && isBetween(host.first, words, host.last),
      );
    case 'table':
      return matchTable(host.name, endpoint, path, knowledge);
    case 'name':
    case 'dynamic':
      return matchName(host, endpoint, knowledge.environment);
    case 'route':
      return { doubt: `the route of the packet has the label ${host.label}` };
    default:
      // Connections are taken to come from where they say: there is a route, and it leads back.
      return false;
  }
}

function withAddress(endpoint: Endpoint, test: (words: AddressWords) => boolean): Answer {
  if (endpoint.address !== null) return test(endpoint.address);
  const answers = new Set(endpoint.choices?.map(test));
  if (answers.size === 1) return answers.has(true);
  return { doubt: 'the translation chose a certain one of its addresses' };
}

function hasFamily(host: Host, words: AddressWords): boolean {
  return hostFamily(host) === familyOf(words);
}

function isBetween(first: Prefix, words: AddressWords, last: Prefix): boolean {
  return compare(first.words, words) <= 0 && compare(words, last.words) <= 0;
}

function compare(a: AddressWords, b: AddressWords): number {
  const at = a.findIndex((word, i) => word !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

/** Hosts outside are in the tables they were said to be in and in those that list them, in no other. */
function matchTable(name: string, endpoint: Endpoint, path: string, { rules }: Knowledge): Answer {
  if (endpoint.tables.has(name)) return true;
  const table = findTable(rules, path, name);
  if (!table) return false;
  if (endpoint.address === null) return { doubt: `the address is in the table <${name}>` };
  if (tableContains(table, endpoint.address)) return true;
  if (table.isKnown || endpoint.place === 'outside') return false;
  return { doubt: `the address is in the table <${name}>` };
}

type Named = Extract<Host, { kind: 'name' | 'dynamic' }>;

/** `em0`, `(em0:network)`, `self`, a group, or the name of a host. */
function matchName(host: Named, endpoint: Endpoint, environment: Environment): Answer {
  const hostAddresses = host.kind === 'name' ? environment.hosts.get(host.name) : undefined;
  if (hostAddresses) {
    return withAddress(endpoint, words => hostAddresses.some(one => one.join() === words.join()));
  }
  const interfaces = interfacesNamed(environment, host.name);
  const isAllKnown = interfaces.length > 0 && interfaces.every(one => one.addresses !== null);
  if (isAllKnown)
    return withAddress(endpoint, words => interfaces.some(one => isOnInterface(one, host, words)));
  // Without the interface's addresses: what is outside is neither this machine nor in a network of its own.
  const looksLikeInterface = host.name === 'self' || host.name === 'egress' || /^[a-z]+\d+$/.test(host.name);
  if (looksLikeInterface && endpoint.place === 'outside') return false;
  if (host.name === 'self' && endpoint.place === 'self') return true;
  if (host.name === 'self') return false;
  return {
    doubt: `the address is ${host.kind === 'name' ? 'that' : 'one'} of ${[host.name, ...host.modifiers].join(':')}`,
  };
}

function isOnInterface(one: InterfaceInfo, host: Named, words: AddressWords): boolean {
  return (one.addresses ?? []).some(({ address, bits }) => {
    if (familyOf(address) !== familyOf(words)) return false;
    const limit = familyOf(address) === 'inet' ? 32 : 128;
    const written = host.bits === null || host.bits > limit ? 128 : host.bits + 128 - limit;
    const length = host.modifiers.includes('network') ? bits : written;
    return prefixContains(prefixOf(address, length), words);
  });
}
