// What a peer's statement makes of an entry: a pure function of (entry, statement, now). Times are seconds since the epoch.

import type { SyncAddressKind } from '../wire/sync-message.js';
import { type Entry, isTrapped, LARGEST_COUNT, TRAPPED_PCOUNT } from './entry.js';

/** What a peer says of one address. */
export interface SyncStatement {
  readonly kind: SyncAddressKind;
  /** When the peer's entry ends; of no meaning where an entry is deleted. */
  readonly expire: number;
}

/**
 * What became of an entry: `added` is a new white one, `refreshed` lives longer, `trap-set` was made a trap or is one
 * for longer, `deleted` has to go; `trapped` was left as it is since it is a trap, `kept` since nothing new was said.
 */
export type SyncOutcome = 'added' | 'refreshed' | 'trap-set' | 'deleted' | 'trapped' | 'kept';

/** An entry after a statement, undefined when there is none any more, and what became of it. */
export interface SyncChange {
  readonly outcome: SyncOutcome;
  readonly entry: Entry | undefined;
}

/**
 * What a peer's statement makes of an entry. As spamd's twupdate() (grey.c), but for these differences:
 *
 * - a trap is never lifted, neither by WHITE nor by the deletion of a trap: it ends when its time has come;
 * - `expire` moves forward to what the peer says (twupdate leaves it, so that peers forget an address that both see),
 *   never back, and never beyond `now` + `whiteexpSeconds`;
 * - what says nothing new changes nothing, `pcount` included: peers repeat themselves, and each network repeats them;
 * - a trap that a peer sets on a white entry lasts as long as the peer says (twupdate: as long as the entry was white).
 *
 * A new white entry has `first` and `pass` at `now`, so that it belongs in the firewall's table at once and in that of a
 * real spamd at its next scan, and counts nothing (`bcount` and `pcount` 0): the connection passed at the peer. A trap has
 * `pass` at its end, as spamd's own traps have, so that nothing that lifts it makes it pass earlier.
 */
export function applySync(
  entry: Entry | undefined,
  statement: SyncStatement,
  now: number,
  whiteexpSeconds: number,
): SyncChange {
  const living = entry !== undefined && entry.expire > now ? entry : undefined;
  const expire = Math.min(statement.expire, now + whiteexpSeconds);
  switch (statement.kind) {
    case 'white':
      return applyWhite(entry, living, expire, now);
    case 'trapped':
      return applyTrapped(entry, living, expire, now);
    case 'white-deleted':
      if (living === undefined) return { outcome: 'kept', entry };
      return isTrapped(living) ? { outcome: 'trapped', entry } : { outcome: 'deleted', entry: undefined };
    case 'trapped-deleted':
      return { outcome: living !== undefined && isTrapped(living) ? 'trapped' : 'kept', entry };
  }
}

type Maybe = Entry | undefined;

function applyWhite(entry: Maybe, living: Maybe, expire: number, now: number): SyncChange {
  if (living !== undefined && isTrapped(living)) return { outcome: 'trapped', entry };
  if (expire <= now) return { outcome: 'kept', entry };
  if (living === undefined) {
    return { outcome: 'added', entry: { first: now, pass: now, expire, bcount: 0, pcount: 0 } };
  }
  if (expire <= living.expire) return { outcome: 'kept', entry };
  return {
    outcome: 'refreshed',
    entry: { ...living, expire, pcount: Math.min(living.pcount + 1, LARGEST_COUNT) },
  };
}

function applyTrapped(entry: Maybe, living: Maybe, expire: number, now: number): SyncChange {
  if (expire <= now) return { outcome: 'kept', entry };
  if (living === undefined) {
    return {
      outcome: 'trap-set',
      entry: { first: now, pass: expire, expire, bcount: 0, pcount: TRAPPED_PCOUNT },
    };
  }
  if (isTrapped(living) && expire <= living.expire) return { outcome: 'trapped', entry };
  return {
    outcome: 'trap-set',
    entry: {
      ...living,
      pass: expire,
      expire,
      bcount: Math.min(living.bcount + 1, LARGEST_COUNT),
      pcount: TRAPPED_PCOUNT,
    },
  };
}
