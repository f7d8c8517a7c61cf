// What to write to a table that differs from what is white: only what is ours to write.

import type { Times } from './address-times.js';
import { type TableDifference, UNENDING } from './difference.js';
import { EntryList } from './entry-list.js';
import { TimeSlice } from './time-slice.js';

/** How far a repair may go. */
export interface RepairOptions {
  /** Whether the table is ours alone, so that whatever is not white goes. */
  readonly isOwner: boolean;
  /** Whether nothing may be taken out. */
  readonly isAddOnly: boolean;
  /** Whether the difference was made without a listing, so that nothing is known to be lost. */
  readonly isBlind: boolean;
  /** Told how many entries were taken out, of how many that the table had. */
  readonly onTakenOut?: (count: number, found: number) => void;
}

/** What is known besides the difference. */
export interface RepairKnowledge {
  /** When the firewall was to forget each entry we had left in it, in seconds since the epoch. */
  readonly held: Times;
  /** Whether the firewall forgets what we put in by itself, so that what it keeps for ever is not ours. */
  readonly forgets: boolean;
  /** Addresses of which something else was said since; they are left alone. */
  readonly touched: ReadonlySet<string>;
  readonly now: number;
}

/** What is to be written, and what that says of others. */
export interface RepairPlan {
  readonly missing: EntryList;
  readonly fading: EntryList;
  readonly removals: readonly string[];
  /** Entries of ours that others had taken out. */
  readonly lost: number;
  /** Entries of others that are to be taken out. */
  readonly foreign: number;
}

/** What the firewall forgets within this time is neither lost nor worth a race. */
const LAST_SECONDS = 2;

/** Plans a repair without keeping the event loop for long. */
export async function planRepair(
  difference: TableDifference,
  { held, forgets, touched, now }: RepairKnowledge,
  { isOwner, isAddOnly, isBlind }: RepairOptions,
): Promise<RepairPlan> {
  const slice = new TimeSlice();
  const missing = new EntryList();
  let lost = 0;
  for (const entry of difference.missing) {
    if (slice.isOver()) await slice.rest();
    if (touched.has(entry.address)) continue;
    missing.add(entry);
    if (!isBlind && (held.get(entry.address) ?? 0) > now + LAST_SECONDS) lost += 1;
  }
  const removals: string[] = [];
  let foreign = 0;
  for (const { address, lifetimeSeconds = Number.POSITIVE_INFINITY } of isAddOnly ? [] : difference.surplus) {
    if (slice.isOver()) await slice.rest();
    const end = held.get(address);
    const isOthers = forgets && lifetimeSeconds === Number.POSITIVE_INFINITY && end !== UNENDING;
    const isOurs = end !== undefined && !isOthers;
    if (touched.has(address) || lifetimeSeconds <= LAST_SECONDS || !(isOurs || isOwner)) continue;
    removals.push(address);
    if (!isOurs) foreign += 1;
  }
  const fading = new EntryList();
  for (const entry of difference.fading) {
    if (slice.isOver()) await slice.rest();
    if (!touched.has(entry.address)) fading.add(entry);
  }
  return { missing, fading, removals, lost, foreign };
}
