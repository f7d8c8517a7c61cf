// A Berkeley DB 1.85 hash file: look up, walk, change in memory, and write all changes at once.

import { bucketOfHash } from './addressing.js';
import type { Found, Pair } from './chains.js';
import { HashFileError } from './hash-file-error.js';
import { createParts, type HashParts, isBlank, openParts } from './hash-parts.js';
import { hash4 } from './hash4.js';
import { UNDECIDED_FILL, VERSION } from './header.js';
import { indexBytes, LINK_BYTES, PAIR_OVERHEAD, type Page } from './page.js';
import type { PageSource, PageTarget } from './page-file.js';
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
  readonly #parts: HashParts;
  readonly #isWritable: boolean;

  /** See {@link openHashFile} and {@link openForChange}. */
  constructor(parts: HashParts, isWritable: boolean) {
    this.#parts = parts;
    this.#isWritable = isWritable;
  }

  /** How many buckets there are, numbered from 0. */
  get buckets(): number {
    return this.#parts.header.maxBucket + 1;
  }

  /** Where the value stored under a key is; true until something is changed. */
  find(key: Uint8Array): Found | undefined {
    return this.#parts.chains.find(this.bucketOf(key), key);
  }

  /** The value stored under a key. */
  get(key: Uint8Array): Uint8Array | undefined {
    const found = this.find(key);
    return found?.bytes.subarray(found.at, found.at + found.length);
  }

  /** The bucket that a key belongs in, while no pair is added. */
  bucketOf(key: Uint8Array): number {
    return this.bucketOfHash(hash4(key));
  }

  /** The bucket that a key with this hash belongs in, while no pair is added. */
  bucketOfHash(hash: number): number {
    return bucketOfHash(this.#parts.header, hash);
  }

  /** The pages of a bucket in the file's order, for the caller to overwrite values on, and nothing else. */
  pages(bucket: number): readonly Page[] {
    this.#checkWritable();
    return this.#parts.chains.load(bucket);
  }

  /** The pairs of one bucket in the file's order. */
  pairs(bucket: number): Pair[] {
    return this.#parts.chains.pairs(bucket).filter(pair => !isGhost(this.#parts, bucket, pair));
  }

  /** All pairs, in the file's order. */
  *[Symbol.iterator](): Iterator<Pair> {
    for (let bucket = 0; bucket < this.buckets; bucket++) yield* this.pairs(bucket);
  }

  /**
   * Stores a copy of a value under a key; one of the same length as the value before takes its place byte for byte.
   *
   * @param found what {@link find} gives for the key at this moment, where the caller knows.
   */
  put(key: Uint8Array, value: Uint8Array, found: Found | undefined = this.find(key)): void {
    this.#checkWritable();
    if (found?.page && found.length === value.length) {
      found.page.overwrite(found.at, value);
      return;
    }
    if (!this.fits(key, value)) {
      const problem = `a pair of ${key.length} and ${value.length} bytes is larger than a page, and cannot be written`;
      throw new HashFileError('unsupported', problem);
    }
    const bucket = this.bucketOf(key);
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
    return this.filter(this.bucketOf(key), pair => !isSameKey(pair, key)) > 0;
  }

  /** Deletes the pairs of a bucket that `keep` says no to, and gives how many; a killed writer's copies go, too. */
  filter(bucket: number, keep: (pair: Pair) => boolean): number {
    this.#checkWritable();
    const pairs = this.pairs(bucket);
    const kept = pairs.filter(keep);
    const deleted = pairs.length - kept.length;
    if (kept.length < this.#parts.chains.pairs(bucket).length) this.#replace(bucket, () => kept);
    this.#parts.header.keys -= Math.min(deleted, this.#parts.header.keys);
    return deleted;
  }

  #replace(bucket: number, change: (pairs: readonly Pair[]) => Pair[]): void {
    const big = this.#parts.chains.load(bucket).find(page => page.isBig);
    if (big) throw readOnlyPair(big);
    replaceChain(this.#parts, bucket, change(this.pairs(bucket)));
  }

  #checkWritable(): void {
    if (!this.#isWritable) throw new TypeError('The hash file is open for reading');
  }

  /** Gives all changes as writes, in the order in which they leave the file whole after each. */
  stage(): readonly Write[] {
    return this.#parts.stage();
  }

  /** Writes all changes to the file, and ends the use of this object; nobody waits for the disk. */
  commit(file: PageTarget): void {
    for (const { offset, bytes } of this.stage()) file.write(bytes, offset);
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

/** The hash file in these bytes, to be read; one without a header yet throws as any other kind of file does. */
export function openHashFile(file: PageSource): HashFile {
  return new HashFile(openParts(file), false);
}

/**
 * The hash file in these bytes, to be changed; or a new one where there is no header yet. Takes away what a killed
 * writer left behind.
 *
 * @param blockBytes what the file system prefers to read and write at once (st_blksize), a new file's page size.
 */
export function openForChange(file: PageSource, blockBytes: number): HashFile {
  if (isBlank(file)) return new HashFile(createParts(file, blockBytes), true);
  const parts = openParts(file);
  const { version } = parts.header;
  if (version !== VERSION) {
    throw new HashFileError('unsupported', `its hash format is version ${version}, which is only read`);
  }
  dropGhosts(parts);
  return new HashFile(parts, true);
}
