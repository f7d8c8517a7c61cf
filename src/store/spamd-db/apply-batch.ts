// A batch of sightings applied to a database: prepared before it is locked, and then done in one pass over its pages.

import { FIELD } from '../../whitelist/batch.js';
import { applySightings, type Change, type Entry, type SightingSum } from '../../whitelist/entry.js';
import { type BatchResult, emptyResult, OUTCOMES } from '../store.js';
import type { HashFile } from './hash-file.js';
import { type KeyMemory, KeyTable } from './key-table.js';
import type { Page } from './page.js';
import { decodeValue, encodeValue, refreshValue, SPAMTRAP_PCOUNT, VALUE_BYTES, writeValue } from './value.js';

/** What became of a batch. */
export interface Applied extends BatchResult {
  /** Rows of IPv6 addresses, which are not in the database. */
  readonly ipv6: number;
}

/** In `outcomes`: a row that no page was seen to have, and one that is not done by overwriting a value. */
const UNSEEN = 254;
const LEFT = 255;

const REFRESHED = OUTCOMES.indexOf('refreshed');

/**
 * Prepares a batch: the function that it gives applies the rules of `applySightings` to every row of IPv4; a row of
 * IPv6 is always new, and not stored.
 *
 * @param words a batch's.
 * @param result where what becomes of the rows is written, as long as the batch.
 * @param memory what the function needs until it is used no more.
 */
export function prepareBatch(
  words: Uint32Array,
  whiteexpSeconds: number,
  result: BatchResult = emptyResult(words.length / FIELD.stride),
  memory?: KeyMemory,
): (file: HashFile) => Applied {
  const table = new KeyTable(words, memory);
  return file => new Application(file, table, words, whiteexpSeconds, result).run();
}

/** One batch and one database. */
class Application {
  readonly #file: HashFile;
  readonly #table: KeyTable;
  readonly #words: Uint32Array;
  readonly #whiteexpSeconds: number;
  readonly #outcomes: Uint8Array;
  readonly #expires: Float64Array;
  #settled = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(
    file: HashFile,
    table: KeyTable,
    words: Uint32Array,
    whiteexpSeconds: number,
    { outcomes, expires }: BatchResult,
  ) {
    this.#file = file;
    this.#table = table;
    this.#words = words;
    this.#whiteexpSeconds = whiteexpSeconds;
    this.#outcomes = outcomes.fill(UNSEEN);
    this.#expires = expires;
  }

  run(): Applied {
    this.#refreshInPlace();
    const ipv6 = this.#settled < this.#table.rows ? this.#storeOthers() : 0;
    return { outcomes: this.#outcomes, expires: this.#expires, ipv6 };
  }

  /** Stores the rows that are not settled; gives how many are IPv6. */
  #storeOthers(): number {
    let ipv6 = 0;
    for (let row = 0; row < this.#table.rows; row++) {
      if (this.#outcomes[row]! < UNSEEN) continue;
      if (this.#table.has(row)) this.#store(row);
      else {
        ipv6++;
        this.#settle(row, this.#changeOf(row, undefined));
      }
    }
    return ipv6;
  }

  /** Goes to the pages of every bucket that a row belongs in, once and in the order of the file. */
  #refreshInPlace(): void {
    const file = this.#file;
    const { hashes, rows, links: next } = this.#table;
    this.#table.dismissAll();
    const first = new Int32Array(file.buckets).fill(-1);
    for (let row = 0; row < rows; row++) {
      if (!this.#table.has(row)) continue;
      const bucket = file.bucketOfHash(hashes[row]!);
      next[row] = first[bucket]!;
      first[bucket] = row;
    }
    for (let bucket = 0; bucket < first.length; bucket++) {
      if (first[bucket]! < 0) continue;
      for (let row = first[bucket]!; row >= 0; row = next[row]!) this.#table.expect(row);
      for (const page of file.pages(bucket)) {
        // What comes after a large pair is left to a look-up, which knows where that ends.
        if (page.isBig) break;
        this.#refreshOnPage(page);
      }
      for (let row = first[bucket]!; row >= 0; row = next[row]!) this.#table.dismiss(row);
    }
  }

  #refreshOnPage(page: Page): void {
    const { bytes, words, pairWords } = page;
    const view = this.#viewOf(bytes);
    let end = bytes.length;
    for (let index = 1; index < pairWords; index += 2) {
      const keyAt = words[index]!;
      const valueAt = words[index + 1]!;
      const keyEnd = end;
      end = valueAt;
      const row = this.#table.find(bytes, keyAt, keyEnd);
      if (row < 0 || this.#outcomes[row] !== UNSEEN) continue;
      if (keyAt - valueAt !== VALUE_BYTES) {
        this.#outcomes[row] = LEFT;
        continue;
      }
      if (!this.#refresh(row, view, bytes.byteOffset + valueAt)) {
        const change = this.#changeOf(row, decodeValue(bytes, valueAt, VALUE_BYTES));
        this.#settle(row, change);
        if (change.outcome === 'trapped') continue;
        writeValue(change.entry, bytes, valueAt);
      }
      page.markChanged(valueAt, keyAt);
    }
  }

  /** All of the memory that some bytes are a part of, nearly always that of the page before. */
  #viewOf({ buffer }: Uint8Array): DataView {
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view;
  }

  /** Refreshes a WHITE entry in its value, which is what nearly all rows come to; false when it is something else. */
  #refresh(row: number, view: DataView, valueAt: number): boolean {
    const at = row * FIELD.stride;
    const words = this.#words;
    const expire = words[at + FIELD.runLatest]! + this.#whiteexpSeconds;
    const until = refreshValue(view, valueAt, words[at + FIELD.runStart]!, words[at + FIELD.count]!, expire);
    if (until < 0) return false;
    this.#outcomes[row] = REFRESHED;
    this.#expires[row] = until;
    this.#settled++;
    return true;
  }

  /** Stores a row whose key is not there, or has a value of another size. */
  #store(row: number): void {
    const key = this.#table.key(row);
    const found = this.#file.find(key);
    const change = this.#changeOf(row, found && decodeValue(found.bytes, found.at, found.length));
    if (change.outcome !== 'trapped') this.#file.put(key, encodeValue(change.entry), found);
    this.#settle(row, change);
  }

  /** An entry under an address that is neither WHITE nor TRAPPED never ends, and is not ours to touch. */
  #changeOf(row: number, entry: Entry | undefined): Change {
    if (entry && entry.pcount <= SPAMTRAP_PCOUNT) return { outcome: 'trapped', entry };
    const at = row * FIELD.stride;
    const sum: SightingSum = {
      count: this.#words[at + FIELD.count]!,
      runStart: this.#words[at + FIELD.runStart]!,
      runLatest: this.#words[at + FIELD.runLatest]!,
      runCount: this.#words[at + FIELD.runCount]!,
    };
    return applySightings(entry, sum, this.#whiteexpSeconds);
  }

  #settle(row: number, { outcome, entry }: Change): void {
    this.#outcomes[row] = OUTCOMES.indexOf(outcome);
    this.#expires[row] = entry.expire;
    this.#settled++;
  }
}
