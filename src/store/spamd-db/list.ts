// Which records a listing has, and in which order.

import { type AddressWords, parseAddress } from '../../address/address.js';
import { entryStatus } from '../../whitelist/entry.js';
import type { AddressRecord, ListOptions, SortKey, StoreRecord } from '../store.js';

/** When an address was last seen: as we know it, or as its entry's end tells. */
export function lastSeen(record: AddressRecord, whiteexpSeconds: number): number {
  return record.sighting?.lastSeen ?? record.entry.expire - whiteexpSeconds;
}

/** Whether a record is in the listing. A tuple or spamtrap has no time of having been seen; a spamtrap never ends. */
export function isListed(record: StoreRecord, options: ListOptions): boolean {
  const { now, status, seenSince, expiringUntil, whiteexpSeconds } = options;
  if (status && !status.has(statusOf(record, now))) return false;
  if (seenSince !== undefined) {
    if (record.kind !== 'address' || lastSeen(record, whiteexpSeconds) < seenSince) return false;
  }
  if (expiringUntil === undefined) return true;
  if (record.kind === 'spamtrap') return false;
  const { expire } = record.entry;
  return expire > now && expire <= expiringUntil;
}

function statusOf(record: StoreRecord, now: number): 'WHITE' | 'TRAPPED' | 'EXPIRED' | 'GREY' | 'SPAMTRAP' {
  if (record.kind === 'address') return entryStatus(record.entry, now);
  return record.kind === 'tuple' ? 'GREY' : 'SPAMTRAP';
}

/**
 * The records in the order of a {@link SortKey}. Those that lack what is sorted by come last; addresses go by their
 * number, IPv4 among the IPv4-mapped ones, and text that is no address comes after them.
 */
export function sortRecords(records: StoreRecord[], sort: SortKey, whiteexpSeconds: number): StoreRecord[] {
  if (sort === 'database') return records;
  if (sort === 'address') {
    const keyed = records.map(record => ({ record, words: parseAddress(record.address) }));
    return keyed.sort((a, b) => compareAddresses(a, b)).map(({ record }) => record);
  }
  const sign = sort === 'expire' ? 1 : -1;
  const keyed = records.map(record => ({ record, key: sign * sortNumber(record, sort, whiteexpSeconds) }));
  // Two that are both infinite differ by NaN.
  return keyed.sort((a, b) => a.key - b.key || 0).map(({ record }) => record);
}

function sortNumber(record: StoreRecord, sort: SortKey, whiteexpSeconds: number): number {
  const last = sort === 'expire' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (record.kind === 'spamtrap') return last;
  if (sort === 'lastSeen') return record.kind === 'address' ? lastSeen(record, whiteexpSeconds) : last;
  return record.entry[sort as 'expire' | 'first' | 'pcount'];
}

interface Keyed {
  readonly record: StoreRecord;
  readonly words: AddressWords | undefined;
}

function compareAddresses(a: Keyed, b: Keyed): number {
  if (!a.words || !b.words) {
    if (a.words || b.words) return a.words ? -1 : 1;
    return a.record.address < b.record.address ? -1 : Number(a.record.address > b.record.address);
  }
  for (let i = 0; i < 4; i++) {
    const difference = a.words[i]! - b.words[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
