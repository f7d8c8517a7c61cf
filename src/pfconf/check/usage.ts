// Which names a ruleset uses, where, and for what.

import type { Prefix } from '../../address/prefix.js';
import type { Host } from '../ast.js';
import { comparePort } from '../compare-port.js';
import type { LoadedRule, LoadedRules } from '../loaded.js';

/** All rules of all rulesets. */
export function allRules(rules: LoadedRules): LoadedRule[] {
  return [...rules.rulesets.values()].flatMap(({ filter, nat, rdr, binat }) => [
    ...filter,
    ...nat,
    ...rdr,
    ...binat,
  ]);
}

/** Whether the rule may match SMTP and says so: it names TCP's port. */
export function namesSmtp(
  rule: LoadedRule,
  ports: readonly number[],
  services: ReadonlyMap<string, number>,
): boolean {
  const { destinationPort } = rule;
  return (
    destinationPort !== null && ports.some(port => comparePort(destinationPort, port, services) === true)
  );
}

/** Whether the rule may match SMTP, named or not. */
export function coversSmtp(
  rule: LoadedRule,
  ports: readonly number[],
  services: ReadonlyMap<string, number>,
): boolean {
  const isTcp = rule.protocol === null || ['tcp', '6'].includes(rule.protocol.toLowerCase());
  return isTcp && (rule.destinationPort === null || namesSmtp(rule, ports, services));
}

/** The tables that rules compare addresses with. */
export function usedTables(rules: readonly LoadedRule[]): Set<string> {
  const hosts = rules.flatMap(rule => [rule.source, rule.destination]);
  return new Set(hosts.flatMap(host => (host?.kind === 'table' ? [host.name] : [])));
}

/** Every address and prefix that rules or tables mention, other than those that hold all addresses. */
export function literalPrefixes(rules: LoadedRules): Prefix[] {
  const hosts: (Host | null)[] = allRules(rules).flatMap(rule => [rule.source, rule.destination]);
  const written = hosts.flatMap(host => (host?.kind === 'prefix' ? [host.prefix] : []));
  const listed = [...rules.rulesets.values()].flatMap(({ tables }) =>
    [...tables.values()].flatMap(table => table.entries.map(entry => entry.prefix)),
  );
  return [...written, ...listed].filter(prefix => prefix.bits > 0 && !isAllIpv4(prefix));
}

function isAllIpv4({ words, bits }: Prefix): boolean {
  return bits === 96 && words[2] === 0xffff && words[3] === 0;
}

const PRIVATE_NETWORKS = [
  [10, 8],
  [172 * 256 + 16, 12],
  [192 * 256 + 168, 16],
] as const;

/** Whether the prefix lies in a private IPv4 network (RFC 1918). */
export function isPrivateIpv4({ words, bits }: Prefix): boolean {
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff || bits <= 96) return false;
  return PRIVATE_NETWORKS.some(([start, length]) => {
    const octets = length <= 8 ? 24 : 16;
    const first = start * 2 ** octets;
    return words[3] >= first && words[3] < first + 2 ** (32 - length) && bits >= 96 + length;
  });
}
