// An nftables ruleset as `nft -j list ruleset` prints it (libnftables-json(5)), sorted into chains.

import type { Diagnostic } from '../source.js';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Tables of these families see IP packets; bridge, arp and netdev come before. */
export type NftFamily = 'ip' | 'ip6' | 'inet';

/** Where a packet is on its way through the machine. */
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** One rule: statements, of which the first that does not match ends it. */
export interface NftRule {
  readonly table: string;
  readonly family: NftFamily;
  readonly chain: string;
  readonly handle: number;
  readonly comment: string | null;
  readonly statements: readonly Json[];
  /** Counts all rules; tells them apart, nothing more. */
  readonly id: number;
}

/** A chain; a base chain hangs on a hook. */
export interface NftChain {
  readonly table: string;
  readonly family: NftFamily;
  readonly name: string;
  readonly base: { readonly type: string; readonly hook: Hook; readonly priority: number } | null;
  readonly policy: 'accept' | 'drop';
  readonly rules: readonly NftRule[];
}

/** A set or a map; of a map, elements are pairs. */
export interface NftSet {
  readonly name: string;
  /** Family and name of its table: nowhere else is it known. */
  readonly table: string;
  /** `ipv4_addr` and the like; '' for a concatenation. */
  readonly type: string;
  readonly elements: readonly Json[];
}

/** Everything that decides over IP packets. Keys are `family table name`. */
export interface NftRuleset {
  readonly chains: ReadonlyMap<string, NftChain>;
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The key of a chain or set. */
export function nftKey(family: string, table: string, name: string): string {
  return `${family} ${table} ${name}`;
}

/** The member of an object; undefined where it has none, or is no object. */
export function member(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, Json>>)[key] : undefined;
}

/** The elements of an array; none of anything else. */
export function elements(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The name and the content of an object with one member, as statements and expressions are. */
export function tagged(value: Json | undefined): { name: string; content: Json } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const [entry] = Object.entries(value as Readonly<Record<string, Json>>);
  return entry && { name: entry[0], content: entry[1] };
}
