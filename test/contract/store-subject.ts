// What the contract of a database asks of the adapter under test, and how its tests are made.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/address/address.js';
import { parsePrefix } from '../../src/address/prefix.js';
import type { AddressRecord, ListOptions, Store, StoreRecord, TupleRecord } from '../../src/store/store.js';
import { type Batch, DIRECTION, type Direction, type LogRule } from '../../src/whitelist/batch.js';
import { DEFAULT_WHITEEXP_HOURS, type Entry } from '../../src/whitelist/entry.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../../src/whitelist/sighting-block.js';
import { Tally } from '../../src/whitelist/tally.js';

/** What a database may be unable to hold; a gap has a reason. */
export type Feature =
  /** IPv6 addresses. */
  | 'ipv6'
  /** When and how an address was seen. */
  | 'sightings'
  /** Entries of the tarpit's own making. */
  | 'tarpit'
  /** Keys that are no addresses. */
  | 'garbage';

/** An empty database that was made for one test. */
export interface Opened {
  readonly store: Store;
  /** Puts records there behind the store's back, as the tarpit would. Not asked for where `tarpit` is a gap. */
  readonly plant: (records: readonly StoreRecord[]) => Promise<void>;
  /** Puts whatever others may leave under keys that are no addresses, all with this entry; how many. */
  readonly plantGarbage: (entry: Entry) => Promise<number>;
  /** Closes and removes it. */
  readonly release: () => Promise<void>;
}

/** An adapter under test. */
export interface Subject {
  readonly name: string;
  readonly open: () => Promise<Opened>;
  /** What it does not do, each with the reason; the tests of it are reported as skipped. */
  readonly gaps?: Readonly<Partial<Record<Feature, string>>>;
}

/** Makes one test of the contract; it is skipped where the subject has a gap that it needs closed. */
export type Check = (
  name: string,
  needs: readonly Feature[],
  body: (store: Store, opened: Opened) => Promise<void>,
) => void;

/** The {@link Check} of a subject. */
export function checkOf(subject: Subject): Check {
  return (name, needs, body) => {
    const gap = needs.find(feature => subject.gaps?.[feature] !== undefined);
    const skip = gap === undefined ? false : `${gap}: ${subject.gaps![gap]}`;
    test(`${subject.name}: ${name}`, { skip }, async () => {
      const opened = await subject.open();
      try {
        await body(opened.store, opened);
      } finally {
        await opened.release();
      }
    });
  };
}

/** The time of the tests, seconds since the epoch. */
export const NOW: number = 1_700_000_000;

/** The life of an entry, in seconds. */
export const WHITEEXP: number = DEFAULT_WHITEEXP_HOURS * 3600;

/** A rule of the main ruleset. */
export const RULE: LogRule = { interface: 'em0', ruleset: '', rulenr: 7, subrulenr: null };

/** A rule of an anchor. */
export const ANCHOR_RULE: LogRule = { interface: 'em1', ruleset: 'relayd/smtp', rulenr: 12, subrulenr: 3 };

/** One sighting. */
export interface Seen {
  readonly address: string;
  readonly time: number;
  readonly direction?: Direction;
  readonly rule?: LogRule;
}

/** Sightings, in the order in which they arrived, as a batch. */
export function batchOf(seen: readonly Seen[], whiteexpSeconds: number = WHITEEXP): Batch {
  const { rules, words } = blockOf(seen);
  const tally = new Tally(whiteexpSeconds);
  tally.add(words);
  return tally.take(rules);
}

/** Sightings as a block for `Tally.add`, and the rules that it numbers. */
export function blockOf(seen: readonly Seen[]): { rules: LogRule[]; words: Int32Array<ArrayBuffer> } {
  const rules: LogRule[] = [];
  const words = new Int32Array(seen.length * SIGHTING_FIELD.wideStride);
  let end = 0;
  for (const { address, time, direction = 'in', rule = RULE } of seen) {
    if (!rules.includes(rule)) rules.push(rule);
    const origin = packOrigin(rules.indexOf(rule), DIRECTION[direction]);
    end = putSighting(words, end, parseAddress(address)!, time, origin);
  }
  return { rules, words: words.slice(0, end) };
}

/** A batch of one sighting. */
export function seenOnce(
  address: string,
  time: number,
  direction: Direction = 'in',
  rule: LogRule = RULE,
): Batch {
  return batchOf([{ address, time, direction, rule }]);
}

/** Everything that a prefix finds, by address. */
export async function found(store: Store, prefix: string): Promise<(AddressRecord | TupleRecord)[]> {
  const records: (AddressRecord | TupleRecord)[] = [];
  for await (const record of store.find(parsePrefix(prefix)!)) records.push(record);
  return sorted(records);
}

/** Records in an order of their own, to compare those that come in none. */
export function sorted<T extends StoreRecord>(records: readonly T[]): T[] {
  return records
    .map(record => ({ record, key: JSON.stringify(record, ['address', 'kind', 'helo', 'from', 'to']) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ record }) => record);
}

/** The one record of an address. */
export async function recordOf(store: Store, address: string): Promise<AddressRecord> {
  const [record, ...others] = await found(store, address);
  assert.ok(record?.kind === 'address', `no record of ${address}`);
  assert.equal(others.length, 0, `more than one record of ${address}`);
  return record;
}

/** The one entry of an address. */
export async function entryOf(store: Store, address: string): Promise<Entry> {
  return (await recordOf(store, address)).entry;
}

/** Everything that a list gives, in its order. */
export async function listed(store: Store, options: Partial<ListOptions> = {}): Promise<StoreRecord[]> {
  const records: StoreRecord[] = [];
  const all: ListOptions = { now: NOW, whiteexpSeconds: WHITEEXP, sort: 'database', ...options };
  for await (const record of store.list(all)) records.push(record);
  return records;
}

/** The addresses of records, in their order. */
export function addressesOf(records: readonly StoreRecord[]): string[] {
  return records.map(record => record.address);
}

/** An address's own record as the tarpit makes it, white unless it says otherwise. */
export function tarpitRecord(address: string, entry: Partial<Entry> = {}): AddressRecord {
  const all = { first: NOW - 10, pass: NOW - 5, expire: NOW + 1000, bcount: 2, pcount: 0, ...entry };
  return { kind: 'address', address, entry: all };
}

/** A tuple as the tarpit makes it. */
export function tarpitTuple(address: string, to: string, entry: Partial<Entry> = {}): TupleRecord {
  const envelope = { helo: 'mail.example.com', from: '<alice@example.com>', to };
  return { ...tarpitRecord(address, entry), kind: 'tuple', ...envelope };
}
