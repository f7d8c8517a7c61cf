// What a store does with an open database: each function works through all it is given, and writes nothing itself.

import { canonicalAddress, isIpv4Words } from '../../address/address.js';
import { applySync } from '../../whitelist/apply-sync.js';
import { FIELD } from '../../whitelist/batch.js';
import {
  addByHand,
  applySightings,
  type Change,
  type Entry,
  isTrapped,
  type SightingSum,
  trapByHand,
} from '../../whitelist/entry.js';
import { type AddressStatement, OUTCOMES, type StoreRecord, type SyncResult } from '../store.js';
import { mergeRecord, type PutOutcome } from '../transfer.js';
import type { Found } from './chains.js';
import type { HashFile } from './hash-file.js';
import { decodeRecord, encodeRecord, ipv4KeyWriter, toStorable } from './record.js';
import { decodeValue, encodeValue, SPAMTRAP_PCOUNT, VALUE_BYTES, writeValue } from './value.js';

/** What became of a batch. */
export interface Applied {
  readonly outcomes: Uint8Array;
  readonly expires: Float64Array;
  /** Rows of IPv6 addresses, which are not in the database. */
  readonly ipv6: number;
}

/** Applies the rules of `applySightings` to every row of IPv4; a row of IPv6 is always new, and not stored. */
function apply(file: HashFile, words: Uint32Array, whiteexpSeconds: number): Applied {
  const rows = words.length / FIELD.stride;
  const outcomes = new Uint8Array(rows);
  const expires = new Float64Array(rows);
  const key = ipv4KeyWriter();
  let ipv6 = 0;
  for (const row of rowsByBucket(file, words, key)) {
    const at = row * FIELD.stride;
    const sum = {
      count: words[at + FIELD.count]!,
      runStart: words[at + FIELD.runStart]!,
      runLatest: words[at + FIELD.runLatest]!,
      runCount: words[at + FIELD.runCount]!,
    };
    const isIpv4 = isIpv4Words(words[at]!, words[at + 1]!, words[at + 2]!);
    const address = key(words[at + 3]!);
    const found = isIpv4 ? file.find(address) : undefined;
    const change = changeOf(entryAt(found), sum, whiteexpSeconds);
    if (!isIpv4) ipv6++;
    else if (change.outcome !== 'trapped') storeEntry(file, address, found, change.entry);
    outcomes[row] = OUTCOMES.indexOf(change.outcome);
    expires[row] = change.entry.expire;
  }
  return { outcomes, expires, ipv6 };
}

/** The rows of a batch in the order of their buckets, so that each page is gone to once, while it is in the cache. */
function rowsByBucket(file: HashFile, words: Uint32Array, key: (word: number) => Uint8Array): Uint32Array {
  const rows = words.length / FIELD.stride;
  const buckets = new Uint32Array(rows);
  const starts = new Uint32Array(file.buckets + 1);
  for (let row = 0; row < rows; row++) {
    const bucket = file.bucketOf(key(words[row * FIELD.stride + 3]!));
    buckets[row] = bucket;
    starts[bucket + 1]!++;
  }
  for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
  const order = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) order[starts[buckets[row]!]!++] = row;
  return order;
}

function entryAt(found: Found | undefined): Entry | undefined {
  return found && decodeValue(found.bytes, found.at, found.length);
}

/** An entry under an address that is neither WHITE nor TRAPPED never ends, and is not ours to touch. */
function changeOf(entry: Entry | undefined, sum: SightingSum, whiteexpSeconds: number): Change {
  if (entry && entry.pcount <= SPAMTRAP_PCOUNT) return { outcome: 'trapped', entry };
  return applySightings(entry, sum, whiteexpSeconds);
}

/** Stores an entry where the key was found: in the page itself, where a value of the same size is. */
function storeEntry(file: HashFile, key: Uint8Array, found: Found | undefined, entry: Entry): void {
  if (found?.page && found.length === VALUE_BYTES) writeValue(entry, file.touch(found), found.at);
  else file.put(key, encodeValue(entry), found);
}

function store(file: HashFile, key: Uint8Array, entry: Entry): Entry {
  file.put(key, encodeValue(entry));
  return entry;
}

function add(file: HashFile, key: Uint8Array, now: number, whiteexpSeconds: number): Entry {
  return store(file, key, addByHand(entryAt(file.find(key)), now, whiteexpSeconds));
}

function trap(file: HashFile, key: Uint8Array, now: number, trapexpSeconds: number): Entry {
  return store(file, key, trapByHand(entryAt(file.find(key)), now, trapexpSeconds));
}

/** Applies what peers say; an entry of which nothing new was said is not written. */
function sync(
  file: HashFile,
  statements: readonly AddressStatement[],
  now: number,
  whiteexpSeconds: number,
): SyncResult[] {
  return statements.map(({ address, ...statement }) => {
    const key = Buffer.from(address, 'latin1');
    const { outcome, entry } = applySync(entryAt(file.find(key)), statement, now, whiteexpSeconds);
    if (outcome === 'deleted') file.delete(key);
    else if (entry !== undefined && outcome !== 'kept' && outcome !== 'trapped') store(file, key, entry);
    return { outcome, expire: entry?.expire ?? 0 };
  });
}

/** An address's own entry. */
function get(file: HashFile, key: Uint8Array): Entry | undefined {
  return entryAt(file.find(key));
}

/** Deletes an address's own entry, whatever its value; whether there was one. */
function remove(file: HashFile, key: Uint8Array): boolean {
  const value = file.get(key);
  if (value === undefined) return false;
  const record = decodeRecord(key, value);
  return record !== undefined && record.kind !== 'address' ? false : file.delete(key);
}

/** Deletes the white entries of addresses that have ended; gives the addresses. */
function expireWhite(file: HashFile, now: number): string[] {
  const addresses: string[] = [];
  for (let bucket = 0; bucket < file.buckets; bucket++) {
    file.filter(bucket, ({ key, value }) => {
      const entry = decodeValue(value);
      if (!entry || entry.expire > now || isTrapped(entry)) return true;
      const address = Buffer.from(key).toString('latin1');
      if (canonicalAddress(address) !== address) return true;
      addresses.push(address);
      return false;
    });
  }
  return addresses;
}

/** Puts records in by the rule of `mergeRecord`; see {@link toStorable} for what is `unsupported`. */
function put(file: HashFile, records: readonly StoreRecord[], now: number): PutOutcome[] {
  return records.map(given => {
    const record = toStorable(given);
    const pair = record && encodeRecord(record, now);
    if (!pair || !file.fits(pair.key, pair.value)) return 'unsupported';
    const before = file.get(pair.key);
    const merged = mergeRecord(before && decodeRecord(pair.key, before), record, now);
    if (merged.record) file.put(pair.key, encodeRecord(merged.record, now).value);
    return merged.outcome;
  });
}

/** All operations by name, for a thread to choose from. */
export interface Operations {
  apply: typeof apply;
  add: typeof add;
  trap: typeof trap;
  sync: typeof sync;
  get: typeof get;
  remove: typeof remove;
  expireWhite: typeof expireWhite;
  put: typeof put;
}

/** See {@link Operations}. */
export const OPERATIONS: Operations = { apply, add, trap, sync, get, remove, expireWhite, put };
