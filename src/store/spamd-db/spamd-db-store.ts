// The store that is spamd's own database, /var/db/spamd, shared with a running spamd(8), spamdb(8) and spamlogd(8).

import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { canonicalAddress, parseAddress } from '../../address/address.js';
import { type Prefix, prefixContains } from '../../address/prefix.js';
import type { Batch } from '../../whitelist/batch.js';
import type { Entry } from '../../whitelist/entry.js';
import { BatchAreas, copyResult } from '../batch-area.js';
import { isListed, sortRecords } from '../listing.js';
import { folderFor, isPathMissing, noFolder } from '../no-folder.js';
import {
  type AddressRecord,
  type AddressStatement,
  type BatchResult,
  type ListOptions,
  type Sighting,
  type Store,
  StoreError,
  type StoreRecord,
  type SyncResult,
  type TupleRecord,
} from '../store.js';
import { systemError } from '../system-errors.js';
import type { PutOutcome, RecordSink } from '../transfer.js';
import { openHashFile } from './hash-file.js';
import { isBlank } from './hash-parts.js';
import { Ipv6Shelf } from './ipv6-shelf.js';
import { LoadedFile } from './page-file.js';
import { decodeRecord, ipv4Key } from './record.js';
import type { SightingsBook } from './sightings-book.js';
import { checkHeader, takeSnapshot } from './snapshot.js';
import { toStoreError } from './store-errors.js';
import { Writer, type WriterOptions } from './writer.js';

/** How to open a database of spamd's. */
export interface SpamdDbOptions extends WriterOptions {
  readonly path: string;
  /** Makes the file, without bytes as spamd does, where there is none. */
  readonly create?: boolean;
  /** Where sightings go; without it a record has none. */
  readonly book?: SightingsBook;
  /** Told how many rows of a batch were IPv6 addresses, which spamd deletes and the database therefore never gets. */
  readonly onIpv6?: (rows: number) => void;
  /** Life of a whitelist entry: what the book has of IPv6 addresses is white that long. */
  readonly whiteexpSeconds?: number;
  /** Told why the book refused a batch that the database has. */
  readonly onBookError?: (error: Error) => void;
  /** Told of a record that was left out of a listing, because spamd knows no value of its size. */
  readonly onUnreadable?: (key: Uint8Array, valueBytes: number) => void;
}

/** The longest life of an entry, of 2160 hours: whatever was seen before that is white no more. */
const LONGEST_LIFE_SECONDS = 2160 * 3600;

const EVERYTHING: Prefix = { words: [0, 0, 0, 0], bits: 0 };

/** What becomes of a record whose address has an entry afterwards. */
const IS_THERE: ReadonlySet<PutOutcome> = new Set(['added', 'merged', 'kept']);

/** Pairs that are looked at in one turn of the event loop. */
const PAIRS_A_TURN = 500;

/**
 * {@link Store} over a Berkeley DB 1.85 hash file. Everything is read anew under the lock; nothing is kept. Where it
 * differs from other stores:
 *
 * - IPv6 addresses are not in the file. They are white in memory, and in the book if there is one.
 * - A batch that meets an error changes nothing. Of a batch whose program is killed, or whose disk fills up, a part may be
 *   in the file, each entry of it whole.
 * - A listing is a copy of the database in memory, some 200 bytes an entry.
 * - Text that is no UTF-8 has lone surrogates, see `decodeText`.
 */
export class SpamdDbStore implements Store, RecordSink {
  readonly #options: SpamdDbOptions;
  readonly #writer: Writer;
  readonly #areas = new BatchAreas();
  readonly #ipv6 = new Ipv6Shelf();
  #isClosed = false;

  /** See {@link openSpamdDb}, which looks whether the database is there and ours. */
  constructor(options: SpamdDbOptions) {
    this.#options = options;
    this.#writer = new Writer(options.path, options);
  }

  /** Reads from the book which IPv6 addresses were seen. @throws {StoreError} */
  async recall(): Promise<void> {
    const { book, whiteexpSeconds } = this.#options;
    if (book && whiteexpSeconds) this.#ipv6.remember(await book.ipv6(), whiteexpSeconds);
  }

  async applyBatch(batch: Batch, whiteexpSeconds: number): Promise<BatchResult> {
    const { book, onIpv6, onBookError } = this.#options;
    const { ipv6, result } = await this.#areas.lend(batch, async (words, lent) => {
      const applied = await this.#writer.run('apply', words, whiteexpSeconds, lent);
      return { ipv6: applied.ipv6, result: copyResult(lent) };
    });
    if (ipv6 > 0) {
      await this.#ipv6.applyIpv6(batch, whiteexpSeconds, result);
      onIpv6?.(ipv6);
    }
    await book?.apply(batch).catch(error => onBookError?.(error));
    return result;
  }

  async *find(prefix: Prefix): AsyncIterable<AddressRecord | TupleRecord> {
    const isInside = (record: StoreRecord): record is AddressRecord | TupleRecord => {
      const words = record.kind === 'spamtrap' ? undefined : parseAddress(record.address);
      return words !== undefined && prefixContains(prefix, words);
    };
    for await (const records of this.#records(isInside)) yield* records.filter(isInside);
    yield* this.#ipv6.find(prefix);
  }

  async *list(options: ListOptions): AsyncIterable<StoreRecord> {
    const { limit = Number.POSITIVE_INFINITY, sort } = options;
    const sorted: StoreRecord[] = [];
    let left = limit;
    for await (const record of this.#everything(options.isStoredOnly ?? false)) {
      if (!isListed(record, options)) continue;
      if (sort !== 'database') sorted.push(record);
      else if (left-- > 0) yield record;
      else return;
    }
    yield* sortRecords(sorted, options).slice(0, limit);
  }

  async *#everything(isStoredOnly: boolean): AsyncGenerator<StoreRecord> {
    for await (const records of this.#records(() => true)) yield* records;
    if (!isStoredOnly) yield* this.#ipv6.find(EVERYTHING);
  }

  /** The records that `isWanted`, in the database's order, with their sightings; some at a time. */
  async *#records(isWanted: (record: StoreRecord) => boolean): AsyncGenerator<StoreRecord[]> {
    const { path, onUnreadable } = this.#options;
    const snapshot = new LoadedFile(await takeSnapshot(path, this.#options));
    let records: StoreRecord[] = [];
    let pairs = 0;
    try {
      if (isBlank(snapshot)) return;
      for (const { key, value } of openHashFile(snapshot)) {
        const record = decodeRecord(key, value);
        if (!record) onUnreadable?.(key, value.length);
        else if (isWanted(record)) records.push(record);
        if (++pairs % PAIRS_A_TURN !== 0) continue;
        yield await this.#withSightings(records);
        records = [];
        await setImmediate();
      }
    } catch (error) {
      throw toStoreError(path, error);
    }
    yield await this.#withSightings(records);
  }

  async #withSightings(records: StoreRecord[]): Promise<StoreRecord[]> {
    const { book, whiteexpSeconds } = this.#options;
    if (!book) return records;
    const addresses = records.flatMap(record => (record.kind === 'address' ? [record.address] : []));
    const sightings = (await book.get(addresses)).values();
    return records.map(record => {
      if (record.kind !== 'address') return record;
      const sighting = sightings.next().value;
      return sighting && !isOfAnEarlierEntry(sighting, record.entry, whiteexpSeconds)
        ? { ...record, sighting }
        : record;
    });
  }

  async add(address: string, now: number, whiteexpSeconds: number): Promise<Entry> {
    return this.#writer.run('add', this.#keyOf(address), now, whiteexpSeconds);
  }

  async trap(address: string, now: number, trapexpSeconds: number): Promise<Entry> {
    return this.#writer.run('trap', this.#keyOf(address), now, trapexpSeconds);
  }

  async applySync(
    statements: readonly AddressStatement[],
    now: number,
    whiteexpSeconds: number,
  ): Promise<readonly SyncResult[]> {
    return this.#writer.run('sync', statements, now, whiteexpSeconds);
  }

  async get(address: string): Promise<Entry | undefined> {
    const key = ipv4Key(address);
    return key ? this.#writer.runDry('get', key) : this.#ipv6.get(address);
  }

  async countWhite(now: number): Promise<number> {
    let count = 0;
    const options = { now, status: new Set(['WHITE'] as const), whiteexpSeconds: 0 };
    for await (const _ of this.list({ ...options, sort: 'database' })) count++;
    return count;
  }

  #keyOf(address: string): Uint8Array {
    const key = ipv4Key(address);
    if (key) return key;
    throw new StoreError(
      'failed',
      `Cannot add "${address}" to store "${this.#options.path}": spamd keeps IPv4 addresses only`,
    );
  }

  async delete(address: string): Promise<boolean> {
    const canonical = canonicalAddress(address) ?? address;
    const isDeleted = await this.#writer.run('remove', Buffer.from(canonical));
    const isForgotten = await this.#ipv6.delete(canonical);
    await this.#options.book?.forget([canonical]);
    return isDeleted || isForgotten;
  }

  async expireWhite(now: number, limit: number = Number.POSITIVE_INFINITY): Promise<string[]> {
    const { book, onBookError } = this.#options;
    const ipv4 = await this.#writer.run('expireWhite', now, limit);
    const gone = [...ipv4, ...(await this.#ipv6.expireWhite(now, limit - ipv4.length))];
    const forget = async (): Promise<void> => {
      if (gone.length > 0) await book?.forget(gone);
      // Of what spamd has deleted first we are not told.
      await book?.forgetBefore(now - LONGEST_LIFE_SECONDS);
    };
    await forget().catch(error => onBookError?.(error));
    return gone;
  }

  async put(records: readonly StoreRecord[], now: number, isDry: boolean): Promise<PutOutcome[]> {
    if (isDry) return this.#writer.runDry('put', records, now);
    const outcomes = await this.#writer.run('put', records, now);
    const { book, onBookError } = this.#options;
    const seen = records.flatMap((record, i) =>
      record.kind === 'address' && record.sighting && IS_THERE.has(outcomes[i]!)
        ? [{ address: canonicalAddress(record.address)!, sighting: record.sighting }]
        : [],
    );
    if (seen.length > 0) await book?.put(seen).catch(error => onBookError?.(error));
    return outcomes;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writer.close();
    await this.#options.book?.close();
  }
}

/**
 * Whether a sighting is from before spamd deleted an address and whitelisted it again by itself, so that the end of the
 * entry that is there now tells more of when it was seen.
 */
function isOfAnEarlierEntry(
  { lastSeen }: Sighting,
  { first, expire }: Entry,
  whiteexpSeconds = Infinity,
): boolean {
  return lastSeen < first && expire - whiteexpSeconds >= first;
}

/**
 * Opens spamd's database, and looks whether it is one. It must exist unless `create` is set, since spamd makes it and
 * gives it to its own user. Errors are {@link StoreError}s.
 */
export async function openSpamdDb(options: SpamdDbOptions): Promise<SpamdDbStore> {
  const { path, create = false } = options;
  try {
    if (create) await createEmpty(path);
    await checkHeader(path, options);
  } catch (error) {
    throw toStoreError(path, error);
  }
  const store = new SpamdDbStore(options);
  await store.recall();
  return store;
}

async function createEmpty(path: string): Promise<void> {
  try {
    await (await open(path, 'a', 0o644)).close();
  } catch (error) {
    if (isPathMissing(error) || path.endsWith('/'))
      throw noFolder('create store', path, folderFor(path), error);
    throw systemError('create store', path, error);
  }
}
