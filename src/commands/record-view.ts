// A record of the database as `query` and `list` show it.

import type { ListStatus } from '../options/table.js';
import { type AddressRecord, lastSeenOf, type StoreRecord, type TupleRecord } from '../store/store.js';
import type { Direction } from '../whitelist/batch.js';
import { entryStatus } from '../whitelist/entry.js';
import { isoTime } from './format.js';

/** The status of a record at a time. A greylisted tuple stays one until the tarpit deletes it. */
export function recordStatus(record: StoreRecord, now: number): ListStatus {
  if (record.kind === 'spamtrap') return 'SPAMTRAP';
  return record.kind === 'tuple' ? 'GREY' : entryStatus(record.entry, now);
}

/** When and how an address was last seen, as far as anybody knows. */
export interface LastSeen {
  readonly time: number;
  readonly direction?: Direction;
  /** Whether the time was reckoned from the entry's end: the tarpit keeps none. */
  readonly isDerived: boolean;
}

/** Last sighting of an address; undefined where nothing tells, as for a trap or an entry made by hand. */
export function lastSeen(
  record: AddressRecord | TupleRecord,
  now: number,
  whiteexpSeconds: number,
): LastSeen | undefined {
  if (record.kind === 'tuple') return undefined;
  if (record.sighting) {
    return { time: record.sighting.lastSeen, direction: record.sighting.lastDirection, isDerived: false };
  }
  const time = lastSeenOf(record, { now, whiteexpSeconds });
  return time === undefined ? undefined : { time, isDerived: true };
}

/** The record as an object for programs. */
export function recordJson(record: StoreRecord, now: number, whiteexpSeconds: number): object {
  const status = recordStatus(record, now);
  if (record.kind === 'spamtrap') return { address: record.address, status };
  const { address, entry } = record;
  const seen = lastSeen(record, now, whiteexpSeconds);
  const sighting = record.kind === 'address' ? record.sighting : undefined;
  return {
    address,
    status,
    ...(record.kind === 'tuple' && { helo: record.helo, from: record.from, to: record.to }),
    first: isoTime(entry.first),
    pass: isoTime(entry.pass),
    expire: isoTime(entry.expire),
    bcount: entry.bcount,
    pcount: entry.pcount,
    lastSeen: seen === undefined ? null : isoTime(seen.time),
    ...(seen?.isDerived && { lastSeenDerived: true }),
    lastDirection: seen?.direction ?? null,
    inbound: sighting?.inbound ?? null,
    outbound: sighting?.outbound ?? null,
    interface: sighting?.rule.interface ?? null,
    ruleset: sighting?.rule.ruleset ?? null,
    rulenr: sighting?.rule.rulenr ?? null,
    ...(sighting?.rule.subrulenr != null && { subrulenr: sighting.rule.subrulenr }),
  };
}
