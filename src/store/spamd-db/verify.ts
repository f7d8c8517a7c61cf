// Checks a whole hash file: its chains, its bitmaps, and that every key is where a look-up goes.

import { bucketOfHash, overflowAddress, overflowNumber, overflowPage } from './addressing.js';
import { HashFileError } from './hash-file-error.js';
import { type HashParts, isBlank, openParts } from './hash-parts.js';
import { hash4 } from './hash4.js';
import type { PageSource } from './page-file.js';

/** Something wrong with a file. */
export interface Problem {
  /** `damage` loses or hides entries or will; an `oddity` costs room or time at most. */
  readonly severity: 'damage' | 'oddity';
  /** The page, 0 for the header; undefined when it is the file as a whole. */
  readonly page: number | undefined;
  /** What is wrong, without the page. */
  readonly text: string;
}

/**
 * Everything wrong with the format of a hash file, and nothing for a file without bytes. Goes on after an error with
 * the next bucket. Throws what the file's own reads throw, and the error of a kind of file that is not supported.
 */
export function* findProblems(file: PageSource): Generator<Problem> {
  if (file.size === 0 && isBlank(file)) return;
  const { value: parts, problem } = attempt(() => openParts(file));
  if (parts === undefined) {
    yield problem!;
    return;
  }
  const used = new Map<number, number>();
  let pairs = 0;
  let isWhole = true;
  for (let bucket = 0; bucket <= parts.header.maxBucket; bucket++) {
    const checked = attempt(() => checkBucket(parts, bucket, used));
    if (checked.value === undefined) {
      isWhole = false;
      yield checked.problem!;
      continue;
    }
    pairs += checked.value.pairs;
    yield* checked.value.problems;
  }
  if (!isWhole) return;
  if (pairs !== parts.header.keys) {
    yield {
      severity: 'oddity',
      page: 0,
      text: `it counts ${parts.header.keys} pairs, and there are ${pairs}`,
    };
  }
  yield* checkBitmaps(parts, used);
}

/** Checks the pairs of one bucket, and adds its overflow pages to `used`: the number of each, and its page. */
function checkBucket(
  parts: HashParts,
  bucket: number,
  used: Map<number, number>,
): { pairs: number; problems: Problem[] } {
  const { header, chains } = parts;
  for (const page of chains.load(bucket)) {
    if (page.next === 0) continue;
    used.set(overflowNumber(header, page.next), overflowPage(header, page.next, page.number));
  }
  const problems: Problem[] = [];
  const keys = new Set<string>();
  const pairs = chains.pairs(bucket);
  for (const { key, page } of pairs) {
    const text = Buffer.from(key).toString('latin1');
    const proper = bucketOfHash(header, hash4(key));
    if (proper !== bucket) {
      const name = JSON.stringify(text);
      problems.push({
        severity: 'damage',
        page,
        text: `${name} is in bucket ${bucket}, and belongs in ${proper}`,
      });
    }
    if (keys.has(text))
      problems.push({ severity: 'damage', page, text: `${JSON.stringify(text)} is there twice` });
    keys.add(text);
  }
  return { pairs: pairs.length, problems };
}

function* checkBitmaps(
  { header, overflow }: HashParts,
  used: ReadonlyMap<number, number>,
): Generator<Problem> {
  const bitmaps = new Set(
    [...header.bitmaps].filter(Boolean).map(address => overflowNumber(header, address)),
  );
  const last = header.spares[header.overflowPoint]!;
  let lost = 0;
  for (let number = 1; number <= last; number++) {
    const { value: isUsed, problem } = attempt(() => overflow.isUsed(number));
    if (isUsed === undefined) {
      yield problem!;
      return;
    }
    const page = used.get(number);
    if (page !== undefined && bitmaps.has(number)) {
      yield { severity: 'damage', page, text: 'it is a bitmap, and in a chain' };
    } else if (page !== undefined && !isUsed) {
      yield { severity: 'damage', page, text: 'it is in a chain, and its bitmap says that it is free' };
    } else if (bitmaps.has(number) && !isUsed) {
      const bitmapPage = overflowPage(header, overflowAddress(header, number), 0);
      yield { severity: 'damage', page: bitmapPage, text: 'it is a bitmap, and says that it is free itself' };
    } else if (page === undefined && isUsed && !bitmaps.has(number)) lost++;
  }
  if (lost > 0) {
    yield {
      severity: 'oddity',
      page: undefined,
      text: `overflow pages marked as used that no chain has: ${lost}`,
    };
  }
}

function attempt<T>(action: () => T): { value?: T; problem?: Problem } {
  try {
    return { value: action() };
  } catch (error) {
    // What we do not support is not therefore damaged.
    if (!(error instanceof HashFileError) || error.code === 'unsupported') throw error;
    const text = error.page === undefined ? error.message : error.message.replace(/^page \d+: /, '');
    return { problem: { severity: 'damage', page: error.page, text } };
  }
}
