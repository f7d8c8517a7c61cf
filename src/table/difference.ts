// What a table holds against what is white: what is missing, what is fading, what is too much.

import { AddressTimes, type Times } from './address-times.js';
import { EntryList } from './entry-list.js';
import type { Families, TableEntry } from './table.js';
import { MAX_LIFETIME_SECONDS, quickCanonicalAddress, takes } from './table-entry.js';
import { TimeSlice } from './time-slice.js';

/** A white entry of the database. */
export interface WhiteEntry {
  /** As the database has it, which need not be an address at all. */
  readonly address: string;
  /** When the entry ends, in seconds since the epoch. */
  readonly expire: number;
}

/** Gives all entries that are white at a time, in seconds since the epoch. */
export type WhiteSource = (now: number) => AsyncIterable<WhiteEntry>;

/** The white entries that a table takes. */
export interface WhiteList {
  /** When each ends, in seconds since the epoch, by canonical address. */
  readonly expires: Times;
  /** How many were left out because the table does not take their family. */
  readonly otherFamily: number;
  /** How many were left out because they are no addresses. */
  readonly invalid: number;
  /** How many were left out because they are addresses written in another way than ours, and the first of them. */
  readonly odd: number;
  readonly firstOdd?: string;
}

/**
 * Reads all that is white and that a table of these families takes, without keeping the event loop for long. A key that
 * is an address in another form says nothing: the address has a key of its own, which may be trapped.
 */
export async function readWhiteList(
  source: WhiteSource,
  families: Families,
  now: number,
): Promise<WhiteList> {
  const expires = new AddressTimes();
  let otherFamily = 0;
  let invalid = 0;
  let odd = 0;
  let firstOdd: string | undefined;
  const slice = new TimeSlice();
  for await (const { address, expire } of source(now)) {
    const canonical = quickCanonicalAddress(address);
    if (canonical === undefined) invalid += 1;
    else if (canonical !== address) {
      odd += 1;
      firstOdd ??= address;
    } else if (!takes(families, canonical)) otherFamily += 1;
    else if (expire > now) expires.set(canonical, Math.max(expire, expires.get(canonical) ?? 0));
    if (slice.isOver()) await slice.rest();
  }
  return { expires, otherFamily, invalid, odd, ...(firstOdd !== undefined && { firstOdd }) };
}

/** What to say of white keys that are addresses in another form, if there are any. */
export function describeOdd({ firstOdd }: WhiteList): string[] {
  if (firstOdd === undefined) return [];
  return [
    `the database has white keys such as ${JSON.stringify(firstOdd)}, which is not how that address is written: they go to no table`,
  ];
}

/** How a table differs from what is white. */
export interface TableDifference {
  /** White and not in the table. */
  readonly missing: EntryList;
  /** In the table, where the firewall will forget them well before their entry ends. */
  readonly fading: EntryList;
  /** In the table and not white, as the table has them. */
  readonly surplus: EntryList;
  /** When the firewall will forget those that are in the table and white; Infinity, or {@link UNENDING}, where it will not. */
  readonly ends: AddressTimes;
}

/** The end of what we put where the firewall forgets nothing; should it forget one day, that must be given an end. */
export const UNENDING: number = Number.MAX_VALUE;

/**
 * Compares a table's contents with what is white at `now`, without keeping the event loop for long. An entry that the
 * firewall keeps for longer than the database is left to the day its entry ends, one that it keeps for ever never fades
 * unless it is one that {@link UNENDING} was noted of, and the firewall now `forgets`.
 */
export async function compareTable(
  contents: Iterable<TableEntry>,
  expires: Times,
  now: number,
  { before, forgets }: { readonly before?: Times; readonly forgets?: boolean } = {},
): Promise<TableDifference> {
  const missing = new EntryList();
  const fading = new EntryList();
  const surplus = new EntryList();
  const ends = new AddressTimes();
  const slice = new TimeSlice();
  for (const held of contents) {
    const { address, lifetimeSeconds = Number.POSITIVE_INFINITY } = held;
    const dueSeconds = lifetime(expires.get(address) ?? now, now);
    if (dueSeconds <= 0) surplus.add(held);
    else {
      const isUnending = lifetimeSeconds === Number.POSITIVE_INFINITY && before?.get(address) === UNENDING;
      ends.set(address, isUnending ? UNENDING : now + lifetimeSeconds);
      if ((isUnending && forgets) || isFading(lifetimeSeconds, dueSeconds))
        fading.add({ address, lifetimeSeconds: dueSeconds });
    }
    if (slice.isOver()) await slice.rest();
  }
  for (const [address, expire] of expires) {
    const entry = ends.has(address) ? undefined : whiteEntry(address, expire, now);
    if (entry !== undefined) missing.add(entry);
    if (slice.isOver()) await slice.rest();
  }
  return { missing, fading, surplus, ends };
}

/** The table's entry for a white one, or undefined when that has ended. */
export function whiteEntry(address: string, expire: number, now: number): Required<TableEntry> | undefined {
  const lifetimeSeconds = lifetime(expire, now);
  return lifetimeSeconds > 0 ? { address, lifetimeSeconds } : undefined;
}

/** Whole seconds that are left of an entry; none or less when it has ended. */
function lifetime(expire: number, now: number): number {
  return Math.min(Math.ceil(expire - now), MAX_LIFETIME_SECONDS);
}

/** A table may lag behind by this much, so that an address seen every minute is not pushed every minute. */
const LAG_SECONDS = 3600;
/** And by this part of what is left to live, where that is less. */
const LAG_PART = 1 / 8;
/** What whole seconds and the time of a listing make of nothing. */
const ROUNDING_SECONDS = 2;

function isFading(lifetimeSeconds: number, dueSeconds: number): boolean {
  const lag = Math.max(ROUNDING_SECONDS, Math.min(LAG_SECONDS, dueSeconds * LAG_PART));
  return dueSeconds - lifetimeSeconds > lag;
}
