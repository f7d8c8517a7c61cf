// Which texts may be handed to a firewall's program: pfctl and nft resolve host and interface names, so none may pass.

import { canonicalAddress, parseIpv4 } from '../address/address.js';
import { parsePrefix } from '../address/prefix.js';
import type { Entries } from './entry-list.js';
import { type Families, type ReplaceOptions, type TableChange, TableError } from './table.js';
import { TimeSlice } from './time-slice.js';

/** The longest life an entry may have, ten years of 365 days; more is cut down to it. */
export const MAX_LIFETIME_SECONDS: number = 3650 * 86_400;

/** `canonicalAddress`, quick for the text of IPv4, which can be written in one way only. */
export function quickCanonicalAddress(text: string): string | undefined {
  return parseIpv4(text) === -1 ? canonicalAddress(text) : text;
}

/** Whether the text is the canonical text of an address, and so fit for `Table.add`. */
export function isCanonicalAddress(text: string): boolean {
  return quickCanonicalAddress(text) === text;
}

/** Whether the text names one entry of a table: an address or a prefix, either with a leading `!`. */
export function isTableItem(text: string): boolean {
  return parsePrefix(text.startsWith('!') ? text.slice(1) : text) !== undefined;
}

/** Whether the value is a life that an entry can have. */
export function isLifetime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/**
 * The entry's text as the rest of the program writes it: canonical for an address, untouched for a prefix, a `!` and an
 * IPv4-mapped IPv6 address, which is another entry than the IPv4 address. Undefined for what is not a table item.
 */
export function canonicalItem(text: string): string | undefined {
  const canonical = quickCanonicalAddress(text);
  if (canonical === undefined) return isTableItem(text) ? text : undefined;
  return text.includes(':') && !canonical.includes(':') ? text : canonical;
}

/** Whether the item is of IPv6; `item` is one that {@link isTableItem} knows. */
export function isIpv6Item(item: string): boolean {
  return item.includes(':');
}

/** Whether a table of these families takes the item. */
export function takes(families: Families, item: string): boolean {
  return isIpv6Item(item) ? families.ipv6 : families.ipv4;
}

/** Text from who knows where, on one line of an error message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** Refuses entries that are not canonical addresses with a life, before anything is run. */
export async function checkEntries(entries: Entries): Promise<void> {
  const slice = new TimeSlice();
  for (const { address, lifetimeSeconds } of entries) {
    if (!isCanonicalAddress(address))
      throw new TableError('refused', `${quote(address)} is not a canonical address`);
    if (lifetimeSeconds !== undefined && !isLifetime(lifetimeSeconds)) {
      throw new TableError('refused', `${address} cannot live ${lifetimeSeconds} seconds`);
    }
    if (slice.isOver()) await slice.rest();
  }
}

/** Refuses texts that do not name an entry of a table, before anything is run. */
export async function checkItems(items: readonly string[]): Promise<void> {
  const slice = new TimeSlice();
  for (const item of items) {
    if (!isTableItem(item)) throw new TableError('refused', `${quote(item)} is not an entry of a table`);
    if (slice.isOver()) await slice.rest();
  }
}

/** Refuses a change of which one entry is not fit, before anything is run. */
export async function checkChange({ verb, entries }: TableChange): Promise<void> {
  if (verb === 'remove') await checkItems(Array.from(entries, entry => entry.address));
  else await checkEntries(entries);
}

/** Refuses to replace a table's entries with nothing, unless forced. */
export function refuseEmpty(name: string, entries: Entries, { force = false }: ReplaceOptions): void {
  if (entries.length > 0 || force) return;
  throw new TableError(
    'empty',
    `Cannot replace ${name} with an empty list unless forced: all mail would be delayed`,
  );
}
