// The parts of a statement as text that is read as the same parts again.

import { formatPrefix } from '../address/prefix.js';
import type { Host, InterfaceItem, LogSpec, Matcher, Peer, Pool, PortItem, RuleOption } from './ast.js';
import { bareOrQuoted, quote } from './quote.js';

/** Words with one blank between them; empty ones are left out. */
export function joinWords(...words: readonly string[]): string {
  return words.filter(word => word !== '').join(' ');
}

/** One item bare, several in braces. */
export function printList(items: readonly string[], separator = ', '): string {
  return items.length === 1 ? items[0]! : `{ ${items.join(separator)} }`;
}

/** An address of any kind. */
export function printHost(host: Host): string {
  const weight = host.weight === undefined ? '' : ` weight ${host.weight}`;
  return `${host.negated ? '! ' : ''}${printAddress(host)}${weight}`;
}

function printAddress(host: Host): string {
  switch (host.kind) {
    case 'prefix':
      return printPrefix(host);
    case 'range':
      return `${formatPrefix(host.first)} - ${formatPrefix(host.last)}`;
    case 'table':
      return `<${bareOrQuoted(host.name)}>`;
    case 'name':
      return bareOrQuoted([host.name, ...host.modifiers].join(':')) + printBits(host.bits);
    case 'dynamic':
      return `(${bareOrQuoted([host.name, ...host.modifiers].join(':'))})${printBits(host.bits)}`;
    case 'route':
      return `route ${bareOrQuoted(host.label)}`;
    default:
      return host.kind;
  }
}

function printPrefix(host: Extract<Host, { kind: 'prefix' }>): string {
  const [address = '', length] = formatPrefix(host.prefix).split('/');
  const name = host.interface === undefined ? address : bareOrQuoted(`${address}@${host.interface}`);
  return length === undefined ? name : `${name}/${length}`;
}

function printBits(bits: number | null): string {
  return bits === null ? '' : `/${bits}`;
}

function printPort(port: PortItem): string {
  const low = bareOrQuoted(port.low);
  if (port.high === undefined) return port.operator === '=' ? low : `${port.operator} ${low}`;
  if (port.operator === ':') return bareOrQuoted(`${port.low}:${port.high}`);
  return `${low} ${port.operator} ${bareOrQuoted(port.high)}`;
}

function printPeer(keyword: string, peer: Peer): string {
  const hosts = peer.hosts.length === 0 ? 'any' : printList(peer.hosts.map(printHost));
  const ports = peer.ports.length === 0 ? '' : `port ${printList(peer.ports.map(printPort))}`;
  return joinWords(keyword, hosts, ports);
}

/** The addresses; spelled out where an unknown part follows, so that this is not taken for what was left out. */
function printPeers({ source, operatingSystems, destination, unknown }: Matcher): string {
  const isAny = (peer: Peer): boolean => peer.hosts.length === 0 && peer.ports.length === 0;
  const isAll = isAny(source) && isAny(destination) && operatingSystems.length === 0;
  if (isAll) return unknown ? 'all' : '';
  return joinWords(
    isAny(source) && !unknown ? '' : printPeer('from', source),
    operatingSystems.length === 0 ? '' : `os ${printList(operatingSystems.map(bareOrQuoted))}`,
    isAny(destination) && (!unknown || unknown.text.startsWith('port')) ? '' : printPeer('to', destination),
  );
}

/** One interface of `on` or `received-on`. */
function printInterface(item: InterfaceItem): string {
  const name = item.rdomain === undefined ? item.name : `rdomain ${item.rdomain}`;
  return `${item.negated ? '! ' : ''}${name === 'any' || item.rdomain !== undefined ? name : bareOrQuoted(name)}`;
}

/** `on …`, or nothing. */
export function printInterfaces(items: readonly InterfaceItem[]): string {
  return items.length === 0 ? '' : `on ${printList(items.map(printInterface))}`;
}

/** From the interface to the addresses. */
export function printMatcher(matcher: Matcher, behindInterfaces = ''): string {
  const { protocols } = matcher;
  return joinWords(
    printInterfaces(matcher.interfaces),
    behindInterfaces,
    matcher.family ?? '',
    protocols.length === 0 ? '' : `proto ${printList(protocols.map(bareOrQuoted))}`,
    printPeers(matcher),
  );
}

/** `log` with its brackets, or nothing. */
export function printLog(log: LogSpec | null): string {
  if (log === null) return '';
  const options = [
    ...(log.all ? ['all'] : []),
    ...(log.matches ? ['matches'] : []),
    ...(log.user ? ['user'] : []),
    ...(log.interface > 0 ? [`to pflog${log.interface}`] : []),
  ];
  return options.length === 0 ? 'log' : `log (${options.join(', ')})`;
}

/** A pool of addresses with its port and options. */
export function printPool(pool: Pool): string {
  const port = pool.port === null ? '' : `port ${bareOrQuoted(pool.port)}`;
  return joinWords(printList(pool.hosts.map(printHost)), port, ...pool.options);
}

/** One option of a rule. */
export function printOption(option: RuleOption): string {
  switch (option.kind) {
    case 'nat-to':
    case 'rdr-to':
    case 'binat-to':
      return `${option.kind} ${printPool(option.pool)}`;
    case 'route-to':
    case 'reply-to':
    case 'dup-to':
      return `${option.kind} ${printRoutePool(option.pool)}`;
    case 'af-to':
      return joinWords(
        `af-to ${option.family} from ${printPool(option.from)}`,
        option.to === null ? '' : `to ${printPool(option.to)}`,
      );
    case 'divert-to':
      return joinWords(
        'divert-to',
        option.host ? `${printHost(option.host)} port` : '',
        bareOrQuoted(option.port),
      );
    case 'divert-packet':
      return `divert-packet port ${bareOrQuoted(option.port)}`;
    case 'flags':
      return option.mask === null ? 'flags any' : `flags ${option.set}/${option.mask}`;
    case 'tag':
      return `tag ${bareOrQuoted(option.name)}`;
    case 'tagged':
      return `${option.negated ? '! ' : ''}tagged ${bareOrQuoted(option.name)}`;
    case 'received-on':
      return `${option.item.negated ? '! ' : ''}received-on ${printInterface({ ...option.item, negated: false })}`;
    case 'probability':
      return `probability ${option.text}`;
    case 'label':
      return `label ${quote(option.text)}`;
    case 'ridentifier':
      return `ridentifier ${option.number}`;
    default:
      return joinWords(option.keyword, option.text);
  }
}

/** Older rules write the interface and the address of a route in brackets. */
function printRoutePool(pool: Pool): string {
  const hosts = pool.hosts.map(host => {
    if (host.kind !== 'prefix' || host.interface === undefined) return printHost(host);
    const { interface: name, weight: _, ...bare } = host;
    const weight = host.weight === undefined ? '' : ` weight ${host.weight}`;
    return `(${bareOrQuoted(name)} ${printHost(bare)})${weight}`;
  });
  return joinWords(printList(hosts), ...pool.options);
}
