// Checks that the fields of a header agree with one another and with the length of the file.

import { bucketPage, ceilLog2 } from './addressing.js';
import { CACHED, HEADER_BYTES, type Header } from './header.js';

/**
 * Overflow pages that were given back before they were ever written lie beyond the end of the file, and so do those
 * behind buckets that are still to come; more than that is damage.
 */
const UNWRITTEN_PAGES = 128;

/** What in a header contradicts something else in it, or a file of `fileBytes` bytes; undefined when nothing does. */
export function headerProblem(header: Header, fileBytes: number): string | undefined {
  const { maxBucket, highMask, lowMask, overflowPoint, spares } = header;
  const areMasks =
    highMask === 2 * lowMask + 1 && (highMask & lowMask) === lowMask && (lowMask & (lowMask + 1)) === 0;
  if (!areMasks || maxBucket < lowMask || maxBucket > highMask) {
    return `bucket ${maxBucket} does not go with the masks ${lowMask} and ${highMask}`;
  }
  if (header.headerPages !== Math.ceil(HEADER_BYTES / header.pageBytes)) {
    return `the header does not take ${header.headerPages} pages`;
  }
  if (overflowPoint >= CACHED || overflowPoint < ceilLog2(maxBucket + 1)) {
    return `split point ${overflowPoint} does not go with bucket ${maxBucket}`;
  }
  const pages = Math.floor(fileBytes / header.pageBytes);
  for (let i = 0; i <= overflowPoint; i++) {
    const before = i === 0 ? 0 : spares[i - 1]!;
    if (spares[i]! < before) return `split point ${i} has fewer overflow pages than ${i - 1}`;
    const end = bucketPage(header, 2 ** i - 1) + spares[i]! - before;
    if (spares[i]! > before && end > 2 * pages + UNWRITTEN_PAGES) {
      return `split point ${i} has overflow pages up to page ${end}, and the file has ${pages} pages`;
    }
  }
  const last = bucketPage(header, maxBucket);
  if (last >= pages) return `bucket ${maxBucket} is on page ${last}, and the file has ${pages} pages`;
  return undefined;
}
