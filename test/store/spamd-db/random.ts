// Random numbers that a seed repeats.

/** A source of numbers, each at least 0 and below `limit`. */
export type Random = (limit: number) => number;

/** A source that gives the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** One of the choices. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)]!;
}
