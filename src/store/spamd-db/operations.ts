// What a store does with an open database: each function works through all it is given, and writes nothing itself.

import { canonicalAddress } from '../../address/address.js';
import { applySync } from '../../whitelist/apply-sync.js';
import { addByHand, type Entry, isTrapped, trapByHand } from '../../whitelist/entry.js';
import type { AddressStatement, BatchResult, StoreRecord, SyncResult } from '../store.js';
import { mergeRecord, type PutOutcome } from '../transfer.js';
import { type Applied, prepareBatch } from './apply-batch.js';
import type { Found } from './chains.js';
import type { HashFile } from './hash-file.js';
import type { KeyMemory } from './key-table.js';
import { decodeRecord, encodeRecord, toStorable } from './record.js';
import { decodeValue, encodeValue } from './value.js';

/** Applies a batch, see {@link prepareBatch}. */
function apply(file: HashFile, words: Uint32Array, whiteexpSeconds: number, result?: BatchResult): Applied {
  return prepareBatch(words, whiteexpSeconds, result)(file);
}

function entryAt(found: Found | undefined): Entry | undefined {
  return found && decodeValue(found.bytes, found.at, found.length);
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

/** Deletes white entries of addresses that have ended, so many at most; gives the addresses. */
function expireWhite(file: HashFile, now: number, limit: number): string[] {
  const addresses: string[] = [];
  for (let bucket = 0; bucket < file.buckets && addresses.length < limit; bucket++) {
    file.filter(bucket, ({ key, value }) => {
      const entry = decodeValue(value);
      if (!entry || entry.expire > now || isTrapped(entry)) return true;
      const address = Buffer.from(key).toString('latin1');
      if (canonicalAddress(address) !== address || addresses.length >= limit) return true;
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

/** An operation that has its arguments, and waits for a file. It may be run several times, each time on a file of its own. */
export type Prepared = (file: HashFile) => unknown;

/** Does what of an operation can be done before there is a file, in memory that the one before may have had. */
export function prepareOperation(
  name: keyof Operations,
  args: readonly unknown[],
  memory: KeyMemory,
): Prepared {
  if (name === 'apply') {
    const [words, whiteexpSeconds, result] = args as Parameters<typeof prepareBatch>;
    return prepareBatch(words, whiteexpSeconds, result, memory);
  }
  const operation = OPERATIONS[name] as (...args: readonly unknown[]) => unknown;
  return file => operation(file, ...args);
}
