// Changes of a hash file that move pairs: a chain laid out anew, and a bucket split in two.

import { bucketOfHash, bucketPage, ceilLog2 } from './addressing.js';
import type { Pair } from './chains.js';
import type { HashParts } from './hash-parts.js';
import { hash4 } from './hash4.js';
import type { Page } from './page.js';

/** Lays pairs out over `first`, a page without pairs, and as many overflow pages as they need; gives these pages. */
function layOut(parts: HashParts, first: Page, pairs: readonly Pair[]): Page[] {
  const chain = [first];
  let last = first;
  for (const { key, value } of pairs) {
    if (!last.hasRoom(key.length, value.length)) {
      const { page, address } = parts.createOverflow();
      last.link(address);
      chain.push(page);
      last = page;
    }
    last.append(key, value);
  }
  return chain;
}

/**
 * Makes a bucket's pairs these, in this order; they may come from the bucket's own pages.
 *
 * Nothing that the file leads to is overwritten but the index of the bucket's first page, which one small write makes
 * lead to a copy of what that page is going to be. Then the page itself is filled, out of sight, and its index made
 * its own again. A writer killed in between leaves unused pages marked as used, and nothing worse.
 */
export function replaceChain(parts: HashParts, bucket: number, pairs: readonly Pair[]): void {
  const { pages, chains, overflow } = parts;
  const old = chains.load(bucket);
  const oldAddresses = old.slice(0, -1).map(page => page.next);
  const number = old[0]!.number;
  const shadow = parts.createOverflow();
  const chain = layOut(parts, shadow.page, pairs);
  for (const page of chain) pages.stage(page);
  parts.stageSupport();

  pages.stageLinkOnly(number, shadow.address);
  const head = pages.copy(shadow.page, number);
  pages.stage(head);

  chains.replace(bucket, [head, ...chain.slice(1)]);
  for (const page of [shadow.page, ...old.slice(1)]) pages.forget(page.number);
  for (const address of [shadow.address, ...oldAddresses]) overflow.free(address);
}

/**
 * Gives the file one more bucket and moves to it the pairs that belong there from now on (__expand_table of hash.c).
 *
 * The header that tells of the new bucket is written when the pairs are in it and before they leave the old one: a
 * writer killed in between leaves copies behind that no look-up finds, and {@link dropGhosts} takes them away.
 */
export function split(parts: HashParts): void {
  const { header, pages, chains } = parts;
  const bucket = header.maxBucket + 1;
  const old = bucket & header.lowMask;
  // A larger table would need libc's directory doubled, and pairs larger than a page are only read.
  if (bucket >= header.segments * header.segmentBuckets || chains.hasBig(old)) return;

  const pairs = chains.pairs(old);
  header.maxBucket = bucket;
  const splitPoint = ceilLog2(bucket + 1);
  if (splitPoint > header.overflowPoint) {
    header.spares[splitPoint] = header.spares[header.overflowPoint]!;
    header.overflowPoint = splitPoint;
  }
  if (bucket > header.highMask) {
    header.lowMask = header.highMask;
    header.highMask = bucket | header.lowMask;
  }
  const moves = (pair: Pair): boolean => bucketOfHash(header, hash4(pair.key)) === bucket;
  const chain = layOut(parts, pages.create(bucketPage(header, bucket)), pairs.filter(moves));
  chains.replace(bucket, chain);
  for (const page of chain) pages.stage(page);
  replaceChain(
    parts,
    old,
    pairs.filter(pair => !moves(pair)),
  );
}

/**
 * Whether a pair is a copy that no look-up finds, as a killed writer leaves it: it lies in another bucket than its key
 * belongs in, and the bucket it belongs in has one too. One that is nowhere else is damage, and is kept.
 */
export function isGhost({ header, chains }: HashParts, bucket: number, pair: Pair): boolean {
  const proper = bucketOfHash(header, hash4(pair.key));
  return proper !== bucket && chains.find(proper, pair.key) !== undefined;
}

/** Takes away the copies that a writer killed in the middle of the last {@link split} left behind. */
export function dropGhosts(parts: HashParts): void {
  const { header, chains } = parts;
  if (header.maxBucket === header.lowMask) return;
  const old = header.maxBucket & header.lowMask;
  if (chains.hasBig(old)) return;
  const pairs = chains.pairs(old);
  const kept = pairs.filter(pair => !isGhost(parts, old, pair));
  if (kept.length < pairs.length) replaceChain(parts, old, kept);
}
