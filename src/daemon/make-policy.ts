// The policy that the settings ask for.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type Prefix, PrefixSet, parsePrefix } from '../address/prefix.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
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

/** Networks of a file in the format of spamd's nospamd: one a line, `#` begins a comment. @throws {UsageError} */
export function readNetworks(path: string): Prefix[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a directory' }[code!] ?? message;
    throw new UsageError(`cannot read networks from "${path}": ${reason}`);
  }
  return text.split('\n').flatMap((line, i) => {
    const network = line.replace(/#.*/, '').trim();
    if (network === '') return [];
    const prefix = parsePrefix(network);
    if (prefix === undefined)
      throw new UsageError(`"${path}" line ${i + 1}: "${network}" is not an address or network`);
    return [prefix];
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
