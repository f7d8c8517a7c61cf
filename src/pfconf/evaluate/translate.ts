// Where a redirection sends a connection.

import type { AddressWords } from '../../address/address.js';
import type { Host, Pool, RuleOption } from '../ast.js';
import type { Environment } from '../environment.js';
import type { LoadedRule } from '../loaded.js';
import { resolveHost } from '../resolve.js';
import { resolvePort } from '../services.js';
import type { Knowledge } from './match-host.js';
import type { Endpoint, Packet, Place } from './packet.js';

/** Where a connection goes in place of its destination. */
export interface Target {
  readonly how: 'rdr' | 'rdr-to' | 'divert-to' | 'af-to';
  readonly endpoint: Endpoint;
  /** Null where it is not known. */
  readonly port: number | null;
  /** As the rule writes it. */
  readonly portText: string | null;
}

/** Where the options of a rule send the packet: null where they leave its destination alone. */
export function redirection(rule: LoadedRule, packet: Packet, knowledge: Knowledge): Target | null {
  for (const option of rule.options) {
    const target = optionTarget(option, rule, packet, knowledge);
    if (target) return target;
  }
  return null;
}

function optionTarget(
  option: RuleOption,
  rule: LoadedRule,
  packet: Packet,
  knowledge: Knowledge,
): Target | null {
  switch (option.kind) {
    case 'rdr-to':
      return poolTarget('rdr-to', option.pool, rule, packet, knowledge);
    case 'af-to':
      return option.to && poolTarget('af-to', option.to, rule, packet, knowledge);
    case 'divert-to': {
      const endpoint = option.host
        ? chosenEndpoint([option.host], packet, knowledge)
        : { address: null, place: 'self' as const, tables: NO_TABLES };
      return { how: 'divert-to', endpoint, port: portNumber(option.port, knowledge), portText: option.port };
    }
    // `divert-packet` shows packets to a program, which sends them on.
    default:
      return null;
  }
}

const NO_TABLES: ReadonlySet<string> = new Set();

/** Where `rdr-to` or `->` a pool sends the packet. */
export function poolTarget(
  how: Target['how'],
  pool: Pool,
  rule: LoadedRule,
  packet: Packet,
  knowledge: Knowledge,
): Target {
  const endpoint = chosenEndpoint(pool.hosts, packet, knowledge);
  if (pool.port === null) return { how, endpoint, port: packet.destinationPort, portText: null };
  return { how, endpoint, port: poolPort(pool.port, rule, packet, knowledge), portText: pool.port };
}

/** `low:*` keeps the distance to the first port that the rule matches; of `low:high` pf takes any. */
function poolPort(text: string, rule: LoadedRule, packet: Packet, knowledge: Knowledge): number | null {
  const [low = '', high] = text.split(':');
  const first = portNumber(low, knowledge);
  if (high === undefined || first === null) return first;
  if (high !== '*') return null;
  const matched = rule.destinationPort ? portNumber(rule.destinationPort.low, knowledge) : null;
  return matched === null || packet.destinationPort === null
    ? null
    : first + packet.destinationPort - matched;
}

function portNumber(text: string, { environment }: Knowledge): number | null {
  return resolvePort(text, environment.services) ?? null;
}

/** The one address of a pool, or an address that is not known. */
function chosenEndpoint(hosts: readonly Host[], packet: Packet, { environment }: Knowledge): Endpoint {
  const resolved = hosts.flatMap(host => resolveHost(host, environment).hosts);
  const fitting = resolved.filter(host => host.kind !== 'prefix' || isOfFamily(host, packet));
  const [only] = fitting;
  if (fitting.length === 1 && only?.kind === 'prefix' && only.prefix.bits === 128) {
    const address = only.prefix.words;
    return { address, place: placeOf(address, packet, environment), tables: NO_TABLES };
  }
  return { address: null, place: packet.destination.place, tables: NO_TABLES };
}

function isOfFamily(host: Extract<Host, { kind: 'prefix' }>, packet: Packet): boolean {
  const isMapped =
    host.prefix.words[0] === 0 && host.prefix.words[1] === 0 && host.prefix.words[2] === 0xffff;
  return isMapped === (packet.family === 'inet');
}

/** Loopback is this machine, as the addresses of its interfaces are; other redirections are taken to lead inside. */
function placeOf(words: AddressWords, packet: Packet, { interfaces }: Environment): Place {
  const isLoopback =
    packet.family === 'inet'
      ? words[3] >>> 24 === 127
      : words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
  const own = interfaces.flatMap(one => one.addresses ?? []);
  return isLoopback || own.some(({ address }) => address.join() === words.join()) ? 'self' : 'inside';
}
