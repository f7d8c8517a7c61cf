// What a peer says of one address, as it is handed on.

import { formatIpv4 } from '../address/address.js';
import type { SyncAddressKind, SyncEntry } from '../wire/sync-message.js';

/** What a peer says of one address; `applySync` tells what that makes of an entry. */
export interface ReceivedEntry {
  readonly kind: SyncAddressKind;
  /** Canonical text. */
  readonly address: string;
  /** The peer's clock, seconds since the epoch. */
  readonly timestamp: number;
  /** Seconds since the epoch, never further ahead than one of our own entries would end. */
  readonly expire: number;
  /** The peer as it is configured. */
  readonly peer: string;
}

/** Why an entry of an accepted message is not handed on: it has ended, is no unicast address, is a tuple, or is white in an ignored network. */
export type EntrySkip = 'ended' | 'bad-address' | 'grey' | 'ignored-network';

/** An entry as it is handed on, or why it is not. `latestExpire` is when an entry of our own made now would end. */
export function receiveEntry(
  entry: SyncEntry,
  peer: string,
  now: number,
  latestExpire: number,
  isIgnored: (address: number) => boolean,
): ReceivedEntry | EntrySkip {
  if (entry.kind === 'grey') return 'grey';
  const { kind, timestamp, address } = entry;
  if (!isUnicast(address)) return 'bad-address';
  if (kind === 'white' && isIgnored(address)) return 'ignored-network';
  const says = kind === 'white' || kind === 'trapped';
  if (says && entry.expire <= now) return 'ended';
  const expire = Math.min(entry.expire, latestExpire);
  return { kind, address: formatIpv4(address), timestamp, expire, peer };
}

/** Whether a correspondent can have the address. greylogd says 255.255.255.255 of every IPv6 address. */
function isUnicast(word: number): boolean {
  const first = word >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}
