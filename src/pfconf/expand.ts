// One statement with lists to the rules it stands for, in the order in which pfctl numbers them.

import type { Family, Host, InterfaceItem, Matcher, PortItem, RuleOption } from './ast.js';
import type { Environment } from './environment.js';
import type { LoadedRule } from './loaded.js';
import { hostFamily, resolveHost } from './resolve.js';
import { type Dialect, SyntaxProblem } from './source.js';

/** What differs between the rules of one statement. */
export type Variant = Pick<
  LoadedRule,
  'interface' | 'family' | 'protocol' | 'source' | 'sourcePort' | 'destination' | 'destinationPort' | 'doubts'
>;

/** The rules of a statement, and whether pfctl would make exactly these. */
export interface Variants {
  readonly variants: readonly Variant[];
  readonly isExact: boolean;
}

/** No ruleset that people write has more rules than this from one statement. */
const VARIANT_LIMIT = 65_536;

/**
 * Every combination of the statement's lists. A rule whose addresses are of different families is left out, as
 * pfctl leaves it out. Throws {@link SyntaxProblem} where pfctl would refuse the rule.
 */
export function expandMatcher(
  matcher: Matcher,
  options: readonly RuleOption[],
  poolHosts: readonly Host[],
  dialect: Dialect,
  environment: Environment,
): Variants {
  const sources = resolveAll(matcher.source.hosts, environment);
  const destinations = resolveAll(matcher.destination.hosts, environment);
  const interfaces: readonly (InterfaceItem | null)[] = orNull(matcher.interfaces);
  const protocols: readonly (string | null)[] = orNull(matcher.protocols);
  const systems = orNull(matcher.operatingSystems);
  const sourcePorts: readonly (PortItem | null)[] = orNull(matcher.source.ports);
  const destinationPorts: readonly (PortItem | null)[] = orNull(matcher.destination.ports);
  const count = [
    interfaces,
    protocols,
    sources.hosts,
    destinations.hosts,
    sourcePorts,
    destinationPorts,
    systems,
  ]
    .map(list => list.length)
    .reduce((product, length) => product * length, 1);
  if (count > VARIANT_LIMIT) {
    throw new SyntaxProblem(
      `this rule stands for ${count} rules, more than ${VARIANT_LIMIT}`,
      matcher.position,
    );
  }
  const base = matcher.family ?? commonFamily(sources.hosts) ?? commonFamily(destinations.hosts);
  const pool = poolFamily(options, poolHosts, environment);
  if (base !== null && pool.families.length > 0 && !pool.families.includes(base)) {
    throw new SyntaxProblem(`no address that this rule sends packets to is ${base}`, matcher.position);
  }
  const variants: Variant[] = [];
  const sides = dialect === 'openbsd' ? pairsByAddress : pairsBySide;
  for (const item of interfaces) {
    for (const protocol of protocols) {
      for (const side of sides(sources.hosts, sourcePorts, destinations.hosts, destinationPorts)) {
        for (const system of systems) {
          const family = combinedFamily(base ?? pool.family, side.source, side.destination);
          if (family === 'none') continue;
          const doubts = [
            ...(system === null ? [] : [`the sender's operating system is ${system}`]),
            ...(family === null && !pool.isKnown ? [`the address of its redirection is ${pool.name}`] : []),
          ];
          variants.push({ interface: item, protocol, family, doubts, ...side });
        }
      }
    }
  }
  checkPorts(matcher, protocols);
  const isExact = sources.isKnown && destinations.isKnown && !matcher.unknown;
  return { variants, isExact };
}

function orNull<T>(list: readonly T[]): readonly (T | null)[] {
  return list.length === 0 ? [null] : list;
}

function resolveAll(
  hosts: readonly Host[],
  environment: Environment,
): { hosts: (Host | null)[]; isKnown: boolean } {
  if (hosts.length === 0) return { hosts: [null], isKnown: true };
  const resolved = hosts.map(host => resolveHost(host, environment));
  return { hosts: resolved.flatMap(one => one.hosts), isKnown: resolved.every(one => one.isKnown) };
}

type Side = Pick<Variant, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>;
type Sides = (
  sources: readonly (Host | null)[],
  sourcePorts: readonly (PortItem | null)[],
  destinations: readonly (Host | null)[],
  destinationPorts: readonly (PortItem | null)[],
) => Iterable<Side>;

/** OpenBSD's order: both addresses, then both ports. */
const pairsByAddress: Sides = function* (sources, sourcePorts, destinations, destinationPorts) {
  for (const source of sources)
    for (const destination of destinations)
      for (const sourcePort of sourcePorts)
        for (const destinationPort of destinationPorts)
          yield { source, sourcePort, destination, destinationPort };
};

/** FreeBSD's order: address and port of the source, then those of the destination. */
const pairsBySide: Sides = function* (sources, sourcePorts, destinations, destinationPorts) {
  for (const source of sources)
    for (const sourcePort of sourcePorts)
      for (const destination of destinations)
        for (const destinationPort of destinationPorts)
          yield { source, sourcePort, destination, destinationPort };
};

/** The family that all addresses of a list have, null when they differ or have none. */
function commonFamily(hosts: readonly (Host | null)[]): Family | null {
  const first = hostFamily(hosts[0] ?? null);
  return hosts.every(host => hostFamily(host) === first) ? first : null;
}

function combinedFamily(
  base: Family | null,
  source: Host | null,
  destination: Host | null,
): Family | null | 'none' {
  const families = new Set([base, hostFamily(source), hostFamily(destination)].filter(one => one !== null));
  if (families.size > 1) return 'none';
  return [...families][0] ?? null;
}

/** A rule without a family takes that of the first address it sends packets to. */
function poolFamily(
  options: readonly RuleOption[],
  poolHosts: readonly Host[],
  environment: Environment,
): { family: Family | null; families: readonly Family[]; isKnown: boolean; name: string } {
  const families: Family[] = [];
  for (const host of [...options.flatMap(targetHosts), ...poolHosts]) {
    const resolved = resolveHost(host, environment);
    const found = resolved.hosts.map(hostFamily).filter(one => one !== null);
    families.push(...found);
    // An interface has addresses of both families as a rule; of the name of a host nobody knows.
    const isInterface = host.kind === 'name' && /\d$/.test(host.name) && !host.name.includes('.');
    const isUnknown = !resolved.isKnown && !isInterface && host.kind === 'name';
    if (isUnknown) return { family: null, families: [], isKnown: false, name: host.name };
  }
  return { family: families[0] ?? null, families, isKnown: true, name: '' };
}

function targetHosts(option: RuleOption): readonly Host[] {
  switch (option.kind) {
    case 'rdr-to':
    case 'nat-to':
    case 'route-to':
    case 'reply-to':
    case 'dup-to':
      return option.pool.hosts;
    case 'divert-to':
      return option.host === null ? [] : [option.host];
    default:
      return [];
  }
}

function checkPorts(matcher: Matcher, protocols: readonly (string | null)[]): void {
  const hasPorts = matcher.source.ports.length > 0 || matcher.destination.ports.length > 0;
  const takesPorts = (protocol: string | null): boolean =>
    protocol !== null && ['tcp', 'udp', 'sctp', '6', '17', '132'].includes(protocol.toLowerCase());
  if (hasPorts && !matcher.unknown && !protocols.every(takesPorts)) {
    throw new SyntaxProblem('ports only apply to proto tcp and udp', matcher.position);
  }
}
