// A pair larger than a page: its key and value are cut up over pages of a chain (hash_bigkey.c of the BSDs' libc).

import { HashFileError } from './hash-file-error.js';
import { BIG_TAG, type Page } from './page.js';

/** A pair put together from its pages. */
export interface BigPair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** The page it begins on. */
  readonly page: number;
  /** How many pages of the chain it takes. */
  readonly pages: number;
}

/** The pair that begins on page `start` of a chain. */
export function readBigPair(chain: readonly Page[], start: number): BigPair {
  const key: Uint8Array[] = [];
  const value: Uint8Array[] = [];
  const page = chain[start]!.number;
  let at = start;
  let part = bigPage(chain, at, page);
  for (; part.words[2] === BIG_TAG.keyGoesOn; part = bigPage(chain, ++at, page)) key.push(bytesOf(part));
  key.push(bytesOf(part));
  let isComplete = false;
  if (part.words[2] === BIG_TAG.valueHere) {
    if (part.count !== 4 || part.hasLink)
      throw new HashFileError('corrupt', 'its large pair has no value', page);
    value.push(part.bytes.subarray(part.words[4]!, part.words[1]!));
    // A value that ends on its key's page leaves a byte free there; one that fills the page goes on.
    isComplete = part.free > 0;
  }
  while (!isComplete) {
    part = bigPage(chain, ++at, page);
    if (part.words[2] === BIG_TAG.keyGoesOn) {
      throw new HashFileError('corrupt', 'its large pair has a key where its value goes on', page);
    }
    value.push(bytesOf(part));
    isComplete = part.words[2] === BIG_TAG.valueHere;
  }
  return { key: Buffer.concat(key), value: Buffer.concat(value), page, pages: at - start + 1 };
}

function bigPage(chain: readonly Page[], at: number, first: number): Page {
  const page = chain[at];
  if (page?.isBig) return page;
  throw new HashFileError('corrupt', 'its large pair does not end', first);
}

/** What a page has from the offset of its first word to its end. */
function bytesOf(page: Page): Uint8Array {
  return page.bytes.subarray(page.words[1]!);
}
