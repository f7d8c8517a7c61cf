// Interfaces as ifconfig(8) of OpenBSD and FreeBSD prints them.

import { parseAddress } from '../../address/address.js';
import type { InterfaceAddress, InterfaceInfo } from '../environment.js';

/** An interface with its flags. */
export interface IfconfigInterface extends InterfaceInfo {
  readonly flags: readonly string[];
}

/** The interfaces of `ifconfig` or `ifconfig -a`. Lines that say nothing of names, groups or addresses are left out. */
export function parseIfconfig(text: string): IfconfigInterface[] {
  const blocks = text.split(/\n(?=\S)/);
  return blocks.flatMap(block => {
    const head = /^([A-Za-z][\w.]*): flags=[0-9a-f]+<([^>]*)>/.exec(block);
    if (!head) return [];
    const flags = head[2]!.split(',');
    const groups = /^\s+groups: (.+)$/m.exec(block)?.[1]?.trim().split(/\s+/) ?? [];
    return [
      {
        name: head[1]!,
        groups,
        flags,
        addresses: parseAddresses(block),
        isLoopback: flags.includes('LOOPBACK'),
      },
    ];
  });
}

function parseAddresses(block: string): InterfaceAddress[] {
  const found: InterfaceAddress[] = [];
  for (const [, text = '', mask = ''] of block.matchAll(/^\s+inet (\S+) .*?netmask (\S+)/gm)) {
    const address = parseAddress(text);
    const length = maskLength(mask);
    if (address && length !== undefined) found.push({ address, bits: 96 + length });
  }
  for (const [, text = '', length = ''] of block.matchAll(
    /^\s+inet6 ([^\s%]+)\S* .*?prefixlen (\d{1,3})/gm,
  )) {
    const address = parseAddress(text);
    if (address && Number(length) <= 128) found.push({ address, bits: Number(length) });
  }
  return found;
}

/** The length of `0xffffff00` or `255.255.255.0`. */
function maskLength(text: string): number | undefined {
  const word = text.startsWith('0x') ? Number.parseInt(text, 16) : parseAddress(text)?.[3];
  if (word === undefined || Number.isNaN(word)) return undefined;
  return Math.clz32(~word >>> 0);
}
