// A Berkeley DB 1.85 hash file: look up, walk, change in memory, and write all changes at once.

import { bucketOfHash } from './addressing.js';
import type { Pair } from './chains.js';
import { HashFileError } from './hash-file-error.js';
import { createParts, type HashParts, isBlank, openParts } from './hash-parts.js';
import { hash4 } from './hash4.js';
import { UNDECIDED_FILL, VERSION } from './header.js';
import { indexBytes, LINK_BYTES, PAIR_OVERHEAD, type Page } from './page.js';
import type { PageFile } from './page-file.js';
import { dropGhosts, isGhost, replaceChain, split } from './rewrite.js';
import type { Write } from './write-list.js';

/** The fewest pairs per bucket that a file decides upon when its first page is full (MIN_FFACTOR of hash.h). */
const LEAST_FILL = 4;

/**
 * A hash file as its pages were when each was first asked for; the caller holds the file's lock all the time, and
 * opens it anew under the next one. What is changed is in memory until {@link HashFile.commit}, so that damage met on
 * the way leaves the file as it was.
 *
 * Every method throws {@link HashFileError} where the file contradicts itself.
 */
export class HashFile {
  readonly #file: PageFile;
  readonly #parts: HashParts;
  #isChanging = false;

  constructor(file: PageFile, parts: HashParts) {
    this.#file = file;
    this.#parts = parts;
  }

  /** How many buckets there are, numbered from 0. */
  get buckets(): number {
    return this.#parts.header.maxBucket + 1;
  }

  /** The value stored under a key. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#parts.chains.find(this.#bucketOf(key), key)?.value;
  }

  #bucketOf(key: Uint8Array): number {
    return bucketOfHash(this.#parts.header, hash4(key));
  }

  /** The pairs of one bucket in the file's order. */
  pairs(bucket: number): Pair[] {
    return this.#parts.chains.pairs(bucket).filter(pair => !isGhost(this.#parts, bucket, pair));
  }

  /** All pairs, in the file's order. */
  *[Symbol.iterator](): Iterator<Pair> {
    for (let bucket = 0; bucket < this.buckets; bucket++) yield* this.pairs(bucket);
  }

  /** Stores a value under a key; one of the same length as the value before takes its place byte for byte. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.update(key, () => value);
  }

  /** Stores under a key what `change` makes of the value before; undefined leaves everything as it is. */
  update(key: Uint8Array, change: (before: Uint8Array | undefined) => Uint8Array | undefined): void {
    this.#startChange();
    const bucket = this.#bucketOf(key);
    const found = this.#parts.chains.find(bucket, key);
    const value = change(found?.value);
    if (value === undefined) return;
    if (found?.place && found.value.length === value.length) {
      found.place.page.overwrite(found.place.index, value);
      return;
    }
    if (!this.fits(key, value)) {
      const problem = `a pair of ${key.length} and ${value.length} bytes is larger than a page, and cannot be written`;
      throw new HashFileError('unsupported', problem);
    }
    if (found === undefined) this.#add(bucket, key, value);
    else
      this.#replace(bucket, pairs => pairs.map(pair => (isSameKey(pair, key) ? { ...pair, value } : pair)));
  }

  /** Whether a pair is small enough for one page. */
  fits(key: Uint8Array, value: Uint8Array): boolean {
    const bytes = PAIR_OVERHEAD + key.length + value.length + LINK_BYTES;
    return bytes <= this.#parts.header.pageBytes - indexBytes(0);
  }

  #add(bucket: number, key: Uint8Array, value: Uint8Array): void {
    const { header, chains } = this.#parts;
    const chain = chains.load(bucket);
    const roomy = chain.find(page => page.hasRoom(key.length, value.length));
    const page = roomy ?? this.#addPage(bucket, chain.at(-1)!);
    page.append(key, value);
    header.keys++;
    if (roomy === undefined || Math.floor(header.keys / this.buckets) > header.fillFactor) split(this.#parts);
  }

  #addPage(bucket: number, last: Page): Page {
    if (last.isBig) throw readOnlyPair(last);
    const { header, chains } = this.#parts;
    if (header.fillFactor === UNDECIDED_FILL) header.fillFactor = Math.max(last.count / 2, LEAST_FILL);
    const { page, address } = this.#parts.createOverflow();
    last.link(address);
    chains.extend(bucket, page);
    return page;
  }

  /** Deletes a key and its value; whether it was there. */
  delete(key: Uint8Array): boolean {
    return this.filter(this.#bucketOf(key), pair => !isSameKey(pair, key)) > 0;
  }

  /** Deletes the pairs of a bucket that `keep` says no to; gives how many. */
  filter(bucket: number, keep: (pair: Pair) => boolean): number {
    const pairs = this.pairs(bucket);
    const kept = pairs.filter(keep);
    const deleted = pairs.length - kept.length;
    if (deleted === 0) return 0;
    this.#startChange();
    this.#replace(bucket, () => kept);
    this.#parts.header.keys -= Math.min(deleted, this.#parts.header.keys);
    return deleted;
  }

  #replace(bucket: number, change: (pairs: readonly Pair[]) => Pair[]): void {
    const big = this.#parts.chains.load(bucket).find(page => page.isBig);
    if (big) throw readOnlyPair(big);
    replaceChain(this.#parts, bucket, change(this.pairs(bucket)));
  }

  #startChange(): void {
    if (this.#isChanging) return;
    const { version } = this.#parts.header;
    if (version !== VERSION) {
      throw new HashFileError('unsupported', `its hash format is version ${version}, which is only read`);
    }
    this.#isChanging = true;
    dropGhosts(this.#parts);
  }

  /** Gives all changes as writes, in the order in which they leave the file whole after each. */
  stage(): readonly Write[] {
    return this.#parts.stage();
  }

  /** Writes all changes; whether they have reached the disk is the caller's to see to. */
  commit(): void {
    for (const { offset, bytes } of this.stage()) this.#file.write(bytes, offset);
  }
}

function isSameKey(pair: Pair, key: Uint8Array): boolean {
  return Buffer.compare(pair.key, key) === 0;
}

function readOnlyPair(page: Page): HashFileError {
  return new HashFileError(
    'unsupported',
    'it holds a pair larger than a page, which is only read',
    page.number,
  );
}

/** The hash file in these bytes; one without a header yet throws as any other kind of file does. */
export function openHashFile(file: PageFile): HashFile {
  return new HashFile(file, openParts(file));
}

/**
 * The hash file in these bytes, or a new one where there is no header yet; {@link HashFile.commit} writes that.
 *
 * @param blockBytes what the file system prefers to read and write at once (st_blksize), a new file's page size.
 */
export function openOrCreateHashFile(file: PageFile, blockBytes: number): HashFile {
  return isBlank(file) ? new HashFile(file, createParts(file, blockBytes)) : openHashFile(file);
}
