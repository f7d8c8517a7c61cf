// The policy that the settings ask for.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type Prefix, PrefixSet } from '../address/prefix.js';
import type { Settings } from '../options/table.js';
import { readTextFile } from '../options/text-file.js';
import { UsageError } from '../options/usage-error.js';
import { parseNetwork } from '../options/values.js';
import type { Policy } from '../policy/policy.js';

/** Makes the policy, reading the files that list networks. @throws {UsageError} */
export function makePolicy(settings: Settings): Policy {
  const ignored = [...settings.ignore, ...settings['ignore-file'].flatMap(readNetworks)];
  const name = settings.interface;
  const index = name === undefined ? undefined : interfaceIndex(name);
  const mailServers = settings['mail-server'];
  return {
    inboundOnly: settings['inbound-only'],
    ...(name !== undefined && { interface: { name, ...(index !== undefined && { index }) } }),
    ports: settings.port,
    ignore: new PrefixSet(ignored),
    ...(mailServers.length > 0 && { mailServers: new PrefixSet(mailServers) }),
  };
}

/**
 * Networks of a file in the format of pf's table files, such as spamd's nospamd: one or several a line, `#` begins a
 * comment.
 * @throws {UsageError}
 */
export function readNetworks(path: string): Prefix[] {
  const lines = readTextFile(path, 'networks to ignore', false).split('\n');
  return lines.flatMap((line, i) => {
    const networks = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    return networks.map(network => {
      const parsed = parseNetwork(network);
      if ('value' in parsed) return parsed.value;
      throw new UsageError(`"${path}" line ${i + 1} must be ${parsed.expected}, not "${network}"`);
    });
  });
}

/** NFLOG names interfaces by index: a number is one, a name is looked up on this machine; undefined when there is none. */
export function interfaceIndex(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  try {
    return Number(readFileSync(`/sys/class/net/${encodeURIComponent(name)}/ifindex`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Names of this machine's interfaces by their indices, read anew when an unknown index comes up. */
export function interfaceNames(): (index: number) => string | undefined {
  let names = new Map<number, string>();
  let readAt = Number.NEGATIVE_INFINITY;
  return index => {
    if (!names.has(index) && performance.now() - readAt > 1000) {
      names = readInterfaceNames();
      readAt = performance.now();
    }
    return names.get(index);
  };
}

function readInterfaceNames(): Map<number, string> {
  const folder = '/sys/class/net';
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder).flatMap(name => {
      const index = interfaceIndex(name);
      return index === undefined ? [] : [[index, name] as const];
    }),
  );
}
