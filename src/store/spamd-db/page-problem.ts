// Checks the index of a data page: everything in it lies inside the page and in order.

import { BIG_TAG, FIRST_OFFSET, indexBytes, LINK_TAG } from './page.js';

/** What is wrong with a page's index, or undefined when everything in it lies inside the page and in order. */
export function pageProblem(words: Uint16Array): string | undefined {
  const pageBytes = 2 * words.length;
  const count = words[0]!;
  if (count % 2 !== 0 || indexBytes(count) > pageBytes) return `an index of ${count} words is impossible`;
  const free = words[count + 1]!;
  const low = words[count + 2]!;
  const isBig = words[2]! > LINK_TAG && words[2]! < FIRST_OFFSET;
  const problem = count === 0 ? lowest(pageBytes) : isBig ? bigProblem(words) : pairsProblem(words);
  if (typeof problem === 'string') return problem;
  if (low !== problem.lowest) return `its lowest offset is ${problem.lowest}, and it says ${low}`;
  if (low < indexBytes(count)) return `its index of ${count} words reaches into the pair at ${low}`;
  if (free !== low - indexBytes(count))
    return `it has ${low - indexBytes(count)} free bytes, and says ${free}`;
  return undefined;
}

function lowest(offset: number): { lowest: number } {
  return { lowest: offset };
}

function pairsProblem(words: Uint16Array): string | { lowest: number } {
  const count = words[0]!;
  let end = 2 * words.length;
  for (let index = 1; index < count; index += 2) {
    const key = words[index]!;
    const value = words[index + 1]!;
    if (value === LINK_TAG) {
      if (index !== count - 1) return `it goes on after its link, word ${index} of ${count}`;
      if (key === 0) return 'its link leads nowhere';
      break;
    }
    const pair = (index + 1) / 2;
    if (value < FIRST_OFFSET) return `pair ${pair} is part of a large one, but not the first`;
    if (key > end) return `the key of pair ${pair} begins at ${key}, beyond its end at ${end}`;
    if (value > key) return `the value of pair ${pair} begins at ${value}, beyond its end at ${key}`;
    end = value;
  }
  return lowest(end);
}

function bigProblem(words: Uint16Array): string | { lowest: number } {
  const [count, part, tag, next, last] = [words[0]!, words[1]!, words[2]!, words[3]!, words[4]!];
  const pageBytes = 2 * words.length;
  if (part > pageBytes) return `its part of a large pair begins at ${part}, beyond its end`;
  if (count === 2) return tag === BIG_TAG.valueHere ? lowest(part) : 'its large pair does not go on';
  if (count !== 4) return `a part of a large pair has an index of ${count} words`;
  if (next === 0) return 'its link leads nowhere';
  if (last === LINK_TAG) return lowest(part);
  if (tag !== BIG_TAG.valueHere) return 'its large pair has a value where its key goes on';
  return last <= part
    ? lowest(last)
    : `the value of its large pair begins at ${last}, beyond its end at ${part}`;
}
