// Which records a listing has and in which order, for databases that cannot tell that themselves.

import { parseAddress } from '../address/address.js';
import { entryStatus } from '../whitelist/entry.js';
import { type ListOptions, lastSeenOf, type SortKey, type StoreRecord } from './store.js';

/** Whether a record fits the options of a list. */
export function isListed(record: StoreRecord, options: ListOptions): boolean {
  const { now, status, seenSince, expiringUntil } = options;
  if (options.onlyGarbage && parseAddress(record.address) !== undefined) return false;
  const isOfTime = seenSince !== undefined || expiringUntil !== undefined;
  if (record.kind === 'spamtrap')
    return !options.onlyGarbage && !isOfTime && (status === undefined || status.has('SPAMTRAP'));
  const { entry } = record;
  const recordStatus = record.kind === 'tuple' ? 'GREY' : entryStatus(entry, now);
  if (status !== undefined && !status.has(recordStatus)) return false;
  if (expiringUntil !== undefined && (entry.expire <= now || entry.expire > expiringUntil)) return false;
  if (seenSince === undefined) return true;
  if (record.kind === 'tuple') return false;
  const seen = lastSeenOf(record, options);
  return seen !== undefined && seen >= seenSince;
}

/** The records in the order that the options ask for; equal ones by address. */
export function sortRecords(records: readonly StoreRecord[], options: ListOptions): StoreRecord[] {
  if (options.sort === 'database') return [...records];
  const keyed = records.map(record => ({
    record,
    key: sortKey(record, options),
    text: addressKey(record.address),
  }));
  keyed.sort((a, b) => a.key - b.key || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return keyed.map(({ record }) => record);
}

/** Earlier than any time of a sighting. */
const NEVER = Number.MIN_SAFE_INTEGER;

function sortKey(record: StoreRecord, options: ListOptions): number {
  if (record.kind === 'spamtrap') return Number.POSITIVE_INFINITY;
  const { entry } = record;
  const keys: Record<Exclude<SortKey, 'database'>, () => number> = {
    address: () => 0,
    expire: () => entry.expire,
    first: () => -entry.first,
    pcount: () => -entry.pcount,
    lastSeen: () => -((record.kind === 'address' ? lastSeenOf(record, options) : undefined) ?? NEVER),
  };
  return keys[options.sort as Exclude<SortKey, 'database'>]();
}

/** Text that sorts as the addresses' numbers do; what is no address comes last. */
function addressKey(address: string): string {
  const words = parseAddress(address);
  return words ? words.map(word => word.toString(16).padStart(8, '0')).join('') : `~${address}`;
}
