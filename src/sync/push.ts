// Sends a whitelist to destinations at a bounded rate, whether they know it or not.

import { SYNC_MAX_ADDRESSES } from '../wire/sync-message-layout.js';
import type { Link } from './link.js';
import { pause } from './pace.js';
import type { Surroundings } from './surroundings.js';

/** A white entry of our database. */
export interface WhiteEntry {
  /** Canonical text. */
  readonly address: string;
  /** When it ends, seconds since the epoch. */
  readonly expire: number;
}

/** What has been pushed so far. */
export interface PushProgress {
  /** Addresses sent. */
  readonly addresses: number;
  readonly messages: number;
  /** Addresses not sent because they are IPv6, or no addresses at all. */
  readonly skipped: number;
}

/** How a push goes. */
export interface PushOptions {
  /** Targets or addresses to push to; all targets unless given. */
  readonly to?: readonly string[];
  /** Addresses a second, at most. */
  readonly ratePerSecond?: number;
  readonly signal?: AbortSignal;
  /** Called after each message. */
  onProgress?(progress: PushProgress): void;
}

/** What a push came to: `unreachable` when there was no destination, or none any more that did not refuse. */
export interface PushResult extends PushProgress {
  readonly end: 'complete' | 'aborted' | 'unreachable';
}

/** What a push needs of the sender. */
export interface PushMeans extends PushOptions {
  readonly ratePerSecond: number;
  readonly signal: AbortSignal;
  readonly surroundings: Surroundings;
  links(): readonly Link[];
  ipv4Word(address: string): number | undefined;
  expiresToSay(word: number, expire: number): readonly number[];
  send(said: readonly (readonly [address: number, expire: number])[], links: readonly Link[]): void;
}

/** As long as a refusal may take. */
const SHORTEST_PAUSE_MILLISECONDS = 100;

type Said = [address: number, expire: number];

/**
 * Pushes all entries that have not ended. After each message it waits, so that the rate is kept and a refusal has time
 * to arrive: spamd opens and locks its database for every entry, and its socket holds some thirty messages.
 */
export async function pushEntries(
  entries: AsyncIterable<WhiteEntry> | Iterable<WhiteEntry>,
  means: PushMeans,
): Promise<PushResult> {
  const { signal, surroundings } = means;
  let progress: PushProgress = { addresses: 0, messages: 0, skipped: 0 };
  let said: Said[] = [];
  let addresses = 0;

  const end = (): PushResult['end'] | undefined => {
    if (signal.aborted) return 'aborted';
    return means.links().some(link => link.isReachable) ? undefined : 'unreachable';
  };
  /** Sends what has gathered; gives why there is no going on, if there is not. */
  const flush = async (): Promise<PushResult['end'] | undefined> => {
    const why = end();
    if (why !== undefined || addresses === 0) return why;
    means.send(said, means.links());
    progress = {
      ...progress,
      addresses: progress.addresses + addresses,
      messages: progress.messages + 1,
    };
    means.onProgress?.(progress);
    const milliseconds = Math.max(SHORTEST_PAUSE_MILLISECONDS, (1000 * addresses) / means.ratePerSecond);
    said = [];
    addresses = 0;
    await pause(milliseconds, surroundings, signal);
    return end();
  };

  for await (const { address, expire } of entries) {
    if (expire <= surroundings.now()) continue;
    const word = means.ipv4Word(address);
    if (word === undefined) {
      progress = { ...progress, skipped: progress.skipped + 1 };
      continue;
    }
    const expires = means.expiresToSay(word, expire);
    if (said.length + expires.length > SYNC_MAX_ADDRESSES) {
      const why = await flush();
      if (why !== undefined) return { ...progress, end: why };
    }
    for (const one of expires) said.push([word, one]);
    addresses++;
  }
  const why = await flush();
  return { ...progress, end: why ?? 'complete' };
}
