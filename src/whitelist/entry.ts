// The life of a whitelist entry: pure functions of (entry, sightings, now). Times are seconds since the epoch.

/** `pcount` of a TRAPPED entry, as spamd(8) keeps it in its database. */
export const TRAPPED_PCOUNT = -1;

/** The default life of a whitelist entry, 36 days in hours (WHITEEXP of spamd's grey.h). */
export const DEFAULT_WHITEEXP_HOURS = 864;

/** The life of a TRAPPED entry made by hand, 24 hours in seconds (TRAPEXP of spamd's grey.h). */
export const TRAPEXP_SECONDS = 86_400;

/** Where counts stop: spamd and greyd keep them in an `int`, in which one more would be a trap's or worse. */
export const LARGEST_COUNT: number = 2 ** 31 - 1;

/** The farthest time that is exact; databases may hold later ones, written by hand for an entry that is to last for ever. */
const FARTHEST_TIME = Number.MAX_SAFE_INTEGER;

/** A time out of a database, or the nearest to it that is exact: one beyond may be negative, or no time, where it is written. */
export function exactTime(time: number): number {
  return Math.max(-FARTHEST_TIME, Math.min(time, FARTHEST_TIME));
}

/** What a database holds under an address alone: spamd's `struct gdata` (grey.h). */
export interface Entry {
  /** When the entry was made. */
  readonly first: number;
  /** When, or from when on, the address passes. */
  readonly pass: number;
  /** When the entry ends: at this second it is gone already. */
  readonly expire: number;
  /** Times blocked. */
  readonly bcount: number;
  /** Times passed; {@link TRAPPED_PCOUNT} when trapped. */
  readonly pcount: number;
}

/**
 * All sightings of one address in one batch, in the order they arrived, summed up without losing what decides an
 * entry's life. A *run* is a stretch in which each sighting came before the entry made or refreshed by the ones before
 * it could expire; the last run is kept, since nothing before it can outlive the gap in front of it.
 */
export interface SightingSum {
  /** Sightings in the whole batch. */
  readonly count: number;
  /** When the last run's first-arrived sighting was. */
  readonly runStart: number;
  /** When the last run's latest sighting was. */
  readonly runLatest: number;
  /** Sightings in the last run. */
  readonly runCount: number;
}

/** What became of an entry: `added` is a new one, `refreshed` lives longer, `trapped` was left as it is. */
export type Outcome = 'added' | 'refreshed' | 'trapped';

/** An entry after a batch, and what became of it. */
export interface Change {
  readonly outcome: Outcome;
  readonly entry: Entry;
}

/**
 * What a batch of sightings makes of an entry, as spamlogd.c's dbupdate() would one sighting at a time, but for three
 * differences: a TRAPPED entry stays trapped, `expire` never moves back, and an entry whose `expire` has come is gone.
 *
 * Exact with one exception: where a trap ended between two sightings of one run, only the run's latest sighting counts.
 */
export function applySightings(entry: Entry | undefined, sum: SightingSum, whiteexpSeconds: number): Change {
  const expire = sum.runLatest + whiteexpSeconds;
  if (entry === undefined || entry.expire <= sum.runStart) {
    return { outcome: 'added', entry: newEntry(sum.runStart, expire, sum.runCount - 1) };
  }
  if (isTrapped(entry)) {
    if (entry.expire > sum.runLatest) return { outcome: 'trapped', entry };
    return { outcome: 'added', entry: newEntry(sum.runLatest, expire, 0) };
  }
  return {
    outcome: 'refreshed',
    entry: {
      ...entry,
      pcount: Math.min(entry.pcount + sum.count, LARGEST_COUNT),
      expire: Math.max(entry.expire, expire),
    },
  };
}

function newEntry(start: number, expire: number, pcount: number): Entry {
  return { first: start, pass: start, expire, bcount: 1, pcount };
}

/** Whether an entry is a trap; any negative count is, so that what we do not know is never made white. */
export function isTrapped(entry: Entry): boolean {
  return entry.pcount < 0;
}

/** The sum of a single sighting. */
export function firstSighting(time: number): SightingSum {
  return { count: 1, runStart: time, runLatest: time, runCount: 1 };
}

/** The sum with one more sighting, which arrived after the others whatever its time. */
export function addSighting(sum: SightingSum, time: number, whiteexpSeconds: number): SightingSum {
  const count = sum.count + 1;
  if (time >= sum.runLatest + whiteexpSeconds) return { count, runStart: time, runLatest: time, runCount: 1 };
  return { ...sum, count, runLatest: Math.max(sum.runLatest, time), runCount: sum.runCount + 1 };
}

/** What an entry is at a given time. GREY is of tuples, which have a sender and a recipient besides the address. */
export type Status = 'WHITE' | 'TRAPPED' | 'EXPIRED';

/** The status of an address's own entry at a given time. */
export function entryStatus(entry: Entry, now: number): Status {
  if (entry.expire <= now) return 'EXPIRED';
  return isTrapped(entry) ? 'TRAPPED' : 'WHITE';
}

/** An entry made or renewed by hand, as `spamdb -a` does: white from now on, whatever it was before. */
export function addByHand(entry: Entry | undefined, now: number, whiteexpSeconds: number): Entry {
  const expire = now + whiteexpSeconds;
  if (entry === undefined || entry.expire <= now) return newEntry(now, expire, 0);
  const pcount = Math.min(Math.max(entry.pcount, TRAPPED_PCOUNT) + 1, LARGEST_COUNT);
  return { ...entry, pass: now, expire, pcount };
}

/** An entry trapped by hand, as `spamdb -t -a` does: of one that is there it changes `expire` and `pcount` alone. */
export function trapByHand(entry: Entry | undefined, now: number, trapexpSeconds: number): Entry {
  const { first, pass, bcount } = entry ?? { first: now, pass: 0, bcount: 1 };
  return { first, pass, expire: now + trapexpSeconds, bcount, pcount: TRAPPED_PCOUNT };
}
