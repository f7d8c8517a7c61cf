// Where sightings go that spamd's database has no room for: the interface of a second, small database beside it.

import type { Batch } from '../../whitelist/batch.js';
import type { Sighting } from '../store.js';

/** What was seen of an address. */
export interface SeenAddress {
  /** Canonical text. */
  readonly address: string;
  readonly sighting: Sighting;
}

/**
 * Keeps what is known of each address besides spamd's entry. It follows the database and never leads: a batch is in
 * the database when the book is told of it, and stays there when the book fails.
 */
export interface SightingsBook {
  /** Adds a batch: the earlier `firstSeen`, the later `lastSeen` with its direction and rule, the counts added up. */
  apply(batch: Batch): Promise<void>;
  /** Takes over what another database knows: as `apply`, but of the counts the higher ones stay. */
  put(seen: readonly SeenAddress[]): Promise<void>;
  /** What is known of each of these canonical addresses, in order. */
  get(addresses: readonly string[]): Promise<readonly (Sighting | undefined)[]>;
  /** All that is known of IPv6 addresses, of which spamd has no entries. */
  ipv6(): Promise<readonly SeenAddress[]>;
  /** Forgets addresses. */
  forget(addresses: readonly string[]): Promise<void>;
  /** Forgets what was last seen before a time, in seconds since the epoch. */
  forgetBefore(time: number): Promise<void>;
  close(): Promise<void>;
}
