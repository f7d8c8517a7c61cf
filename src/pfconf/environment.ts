// What the machine knows beyond its rules: interfaces, their groups and addresses, names of ports and hosts.

import { type AddressWords, isIpv4Words, parseAddress } from '../address/address.js';
import type { Family } from './ast.js';
import { DEFAULT_SERVICES } from './services.js';

/** An address of an interface; `bits` of it, out of 128, are the network's. */
export interface InterfaceAddress {
  readonly address: AddressWords;
  readonly bits: number;
}

/** An interface as ifconfig(8) shows it. */
export interface InterfaceInfo {
  readonly name: string;
  readonly groups: readonly string[];
  /** Null where they are not known. */
  readonly addresses: readonly InterfaceAddress[] | null;
  readonly isLoopback: boolean;
}

/** Where rules are evaluated. */
export interface Environment {
  readonly interfaces: readonly InterfaceInfo[];
  /** Whether that is every interface there is, as on the running machine; otherwise it is what a ruleset suggests. */
  readonly isComplete: boolean;
  readonly services: ReadonlyMap<string, number>;
  /** Addresses of host names. Names that are not here are not resolved. */
  readonly hosts: ReadonlyMap<string, readonly AddressWords[]>;
}

/** `localhost`, which every hosts(5) has. */
export const DEFAULT_HOSTS: ReadonlyMap<string, readonly AddressWords[]> = new Map([
  ['localhost', [parseAddress('127.0.0.1')!, parseAddress('::1')!]],
]);

/** An environment of which nothing is known but the usual names. */
export const EMPTY_ENVIRONMENT: Environment = {
  interfaces: [],
  isComplete: false,
  services: DEFAULT_SERVICES,
  hosts: DEFAULT_HOSTS,
};

/** The family of an address. */
export function familyOf(words: AddressWords): Family {
  return isIpv4Words(words[0], words[1], words[2]) ? 'inet' : 'inet6';
}

/** Whether the address is one that leads no further than this machine. */
export function isLoopback(words: AddressWords): boolean {
  if (familyOf(words) === 'inet') return words[3] >>> 24 === 127;
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}

/** The interface of that name. */
export function findInterface(environment: Environment, name: string): InterfaceInfo | undefined {
  return environment.interfaces.find(one => one.name === name);
}

/** The interfaces that a name stands for: one of that name, those of the group, all of them for `self`. */
export function interfacesNamed(environment: Environment, name: string): InterfaceInfo[] {
  if (name === 'self') return [...environment.interfaces];
  return environment.interfaces.filter(one => one.name === name || one.groups.includes(name));
}
