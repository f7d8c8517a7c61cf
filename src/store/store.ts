// The database of whitelist entries, whichever one it is: the interface that the adapters in this room keep.

import type { Prefix } from '../address/prefix.js';
import type { SyncOutcome, SyncStatement } from '../whitelist/apply-sync.js';
import type { Batch, Direction, LogRule } from '../whitelist/batch.js';
import { type Entry, isTrapped, type Outcome, type Status } from '../whitelist/entry.js';

/** What our own table tells of an address beside the tarpit's entry. Times are seconds since the epoch. */
export interface Sighting {
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly lastDirection: Direction;
  readonly inbound: number;
  readonly outbound: number;
  readonly rule: LogRule;
}

/** An address's own entry: WHITE, TRAPPED or EXPIRED by its {@link Entry} and the time. */
export interface AddressRecord {
  readonly kind: 'address';
  /** As the database has it: canonical text where we wrote it, anything at all where others did. */
  readonly address: string;
  readonly entry: Entry;
  /** Absent where we have never seen the address: the entry is the tarpit's, or the administrator's. */
  readonly sighting?: Sighting;
}

/** A greylisted tuple of the tarpit's. */
export interface TupleRecord {
  readonly kind: 'tuple';
  readonly address: string;
  readonly helo: string;
  readonly from: string;
  readonly to: string;
  readonly entry: Entry;
}

/** A spamtrap: a mail address that no honest sender writes to. */
export interface SpamtrapRecord {
  readonly kind: 'spamtrap';
  readonly address: string;
}

/** One line of spamdb(8). */
export type StoreRecord = AddressRecord | TupleRecord | SpamtrapRecord;

/**
 * When an address was last seen, undefined where nothing tells. Where only the tarpit knows it, it is derived from
 * `expire`: if that gives no time from `first` to now, then something else than a sighting has set the end.
 */
export function lastSeenOf(
  { entry, sighting }: AddressRecord,
  { now, whiteexpSeconds }: Pick<ListOptions, 'now' | 'whiteexpSeconds'>,
): number | undefined {
  if (sighting) return sighting.lastSeen;
  const derived = entry.expire - whiteexpSeconds;
  return isTrapped(entry) || derived < entry.first || derived > now ? undefined : derived;
}

/** What {@link Store.list} sorts by; `database` is whatever order is cheapest. */
export type SortKey = 'database' | 'address' | 'lastSeen' | 'expire' | 'first' | 'pcount';

/** Which records {@link Store.list} gives, and in which order. Times are seconds since the epoch. */
export interface ListOptions {
  /** The time by which an entry is white, trapped or expired. */
  readonly now: number;
  /** Only these; all when absent. */
  readonly status?: ReadonlySet<Status | 'GREY' | 'SPAMTRAP'>;
  /** Only keys that are no addresses, as an old greylogd wrote them. */
  readonly onlyGarbage?: boolean;
  /** Only addresses last seen at this time or later, by {@link lastSeenOf}. */
  readonly seenSince?: number;
  /** Only entries that end at this time or earlier (and have not ended). */
  readonly expiringUntil?: number;
  /** Life of a whitelist entry, from which a missing `lastSeen` is derived. */
  readonly whiteexpSeconds: number;
  /**
   * Ascending for addresses and `expire`, descending for the others; keys that are no addresses, what nobody knows to
   * have been seen, and spamtraps come last. Equal ones come in any order.
   */
  readonly sort: SortKey;
  readonly limit?: number;
  /** Only what is in the database itself, and not what is known besides of addresses that it cannot hold. */
  readonly isStoredOnly?: boolean;
}

/** {@link Outcome} as the number that {@link BatchResult.outcomes} holds. */
export const OUTCOMES: readonly Outcome[] = ['added', 'refreshed', 'trapped'];

/** What became of each row of a {@link Batch}, in its order. */
export interface BatchResult {
  /** Index into {@link OUTCOMES}. */
  readonly outcomes: Uint8Array;
  /** `expire` of each entry afterwards. */
  readonly expires: Float64Array;
}

/** Room for what becomes of so many rows. */
export function emptyResult(rows: number): BatchResult {
  return { outcomes: new Uint8Array(rows), expires: new Float64Array(rows) };
}

/** What a peer says of an address, in canonical text. */
export interface AddressStatement extends SyncStatement {
  readonly address: string;
}

/** What became of a statement. */
export interface SyncResult {
  readonly outcome: SyncOutcome;
  /** `expire` of the entry afterwards; 0 where there is none. */
  readonly expire: number;
}

/**
 * A database of whitelist entries, shared with the tarpit. Every method that changes something is one transaction:
 * all of it or nothing, and it has reached the disk when the promise is fulfilled.
 *
 * Addresses are given as canonical text, and found when they are written so. Errors are {@link StoreError}s.
 */
export interface Store {
  /** Whether nothing can be asked of it any more, as when its thread has died; absent where that does not happen. */
  readonly isDead?: boolean;
  /** Applies the rules of `applySightings` to every row. */
  applyBatch(batch: Batch, whiteexpSeconds: number): Promise<BatchResult>;
  /** Applies the rules of `applySync` to every statement, in their order; gives what became of each. */
  applySync(
    statements: readonly AddressStatement[],
    now: number,
    whiteexpSeconds: number,
  ): Promise<readonly SyncResult[]>;
  /** An address's own entry. */
  get(address: string): Promise<Entry | undefined>;
  /** All records whose address is inside the prefix, in any order. */
  find(prefix: Prefix): AsyncIterable<AddressRecord | TupleRecord>;
  /** All records that fit, in constant memory. One that is changed meanwhile may come as it was, as it is, or as both. */
  list(options: ListOptions): AsyncIterable<StoreRecord>;
  /** Makes or renews an entry as `spamdb -a` does; gives it back. */
  add(address: string, now: number, whiteexpSeconds: number): Promise<Entry>;
  /** Traps an address as `spamdb -t -a` does; gives the entry back. */
  trap(address: string, now: number, trapexpSeconds: number): Promise<Entry>;
  /** Deletes an address's own entry and what we know of it, never a tuple; whether there was one. */
  delete(address: string): Promise<boolean>;
  /**
   * Deletes white entries whose `expire` has come, with what we know of them, keys that are no addresses excepted; gives
   * their addresses.
   * @param limit how many at most; when it is reached there may be more
   */
  expireWhite(now: number, limit?: number): Promise<string[]>;
  /** How many addresses are white. */
  countWhite(now: number): Promise<number>;
  /** Gives everything back. Closing again does nothing. */
  close(): Promise<void>;
}

/** What went wrong with a database, for a caller to choose an exit status or to try again. */
export type StoreErrorCode =
  | 'busy'
  | 'corrupt'
  | 'full'
  | 'io'
  | 'missing'
  | 'newer'
  /** That of a database that is to be made. */
  | 'no-folder'
  | 'not-ours'
  | 'permission'
  | 'read-only'
  | 'failed';

/** An error of a database; the message names the database and is fit to be shown as it is. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
