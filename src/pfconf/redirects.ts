// Whether a filter rule hands SMTP to another port than the mail server's.

import type { RuleOption } from './ast.js';
import { comparePort } from './compare-port.js';
import type { LoadedRule } from './loaded.js';
import { DEFAULT_SERVICES, resolvePort } from './services.js';

/** Which ports are whose. */
export interface PortNames {
  /** Ports on which mail servers listen; 25 alone when absent. */
  readonly mtaPorts?: readonly number[];
  readonly services?: ReadonlyMap<string, number>;
}

/**
 * Whether the rule passes TCP to a port of the mail server and hands it to a port that is none: to a tarpit, that is.
 * `perhaps` where that other port, or a part of the rule that mentions a redirection, is not understood.
 */
export function redirectsSmtp(rule: LoadedRule, names: PortNames): 'yes' | 'perhaps' | 'no' {
  const services = names.services ?? DEFAULT_SERVICES;
  const mtaPorts = names.mtaPorts ?? [25];
  const { action, protocol, destinationPort } = rule;
  const isSmtp =
    action === 'pass' &&
    (protocol === null || ['tcp', '6'].includes(protocol.toLowerCase())) &&
    (destinationPort === null ||
      mtaPorts.some(port => comparePort(destinationPort, port, services) !== false));
  if (!isSmtp) return 'no';
  const first = destinationPort === null ? 0 : resolvePort(destinationPort.low, services);
  const matched = mtaPorts.filter(
    port => destinationPort === null || comparePort(destinationPort, port, services) !== false,
  );
  const ranges = rule.options
    .map(targetPort)
    .flatMap(text => (text === null ? [] : matched.map(port => portRange(text, port, first, services))));
  if (ranges.some(range => range && !mtaPorts.some(port => port >= range.low && port <= range.high)))
    return 'yes';
  const isUnclear = ranges.includes(undefined) || /\b(?:rdr-to|divert-|af-to)/.test(rule.unknown?.text ?? '');
  return isUnclear ? 'perhaps' : 'no';
}

/** The port that an option sends connections to; null where it leaves the port alone. */
function targetPort(option: RuleOption): string | null {
  switch (option.kind) {
    case 'rdr-to':
      return option.pool.port;
    case 'af-to':
      return option.to?.port ?? null;
    case 'divert-to':
      return option.port;
    // `divert-packet` shows packets to a program, which sends them on.
    default:
      return null;
  }
}

/**
 * Where a port may be sent by `low`, `low:high`, or `low:*`, which keeps the distance to the first port that the rule
 * matches; undefined where a name is not known.
 */
function portRange(
  text: string,
  port: number,
  first: number | undefined,
  services: ReadonlyMap<string, number>,
): { low: number; high: number } | undefined {
  const [start = '', end = start] = text.split(':');
  const low = resolvePort(start, services);
  if (end === '*') {
    const shifted = low === undefined || first === undefined ? undefined : low + port - first;
    return shifted === undefined ? undefined : { low: shifted, high: shifted };
  }
  const high = resolvePort(end, services);
  return low === undefined || high === undefined ? undefined : { low, high };
}
