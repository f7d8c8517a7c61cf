// A synchronisation message of spamd(8) and greyd(8) as a value, and the HMAC that proves where one comes from.

import { createHmac } from 'node:crypto';
import { HEADER, HMAC_BYTES, TYPE } from './sync-message-layout.js';

/** What an entry says of an address alone. */
export type SyncAddressKind = 'white' | 'trapped' | 'white-deleted' | 'trapped-deleted';

/** An address is white or trapped, or is so no longer. */
export interface SyncAddressEntry {
  readonly kind: SyncAddressKind;
  /** The sender's clock when it made the message, seconds since the epoch. */
  readonly timestamp: number;
  /** When the entry ends, seconds since the epoch. */
  readonly expire: number;
  /** IPv4, as one 32-bit word. */
  readonly address: number;
}

/** A tuple that the sender has greylisted. Strings have one character a byte (latin1), whatever they were meant to be. */
export interface SyncGreyEntry {
  readonly kind: 'grey';
  readonly timestamp: number;
  /** IPv4, as one 32-bit word. */
  readonly address: number;
  readonly from: string;
  readonly to: string;
  readonly helo: string;
}

/** One entry of a message; END is not one. */
export type SyncEntry = SyncAddressEntry | SyncGreyEntry;

/** A message that has proved to be of a holder of the key. */
export interface SyncMessage {
  /** Counts the sender's messages from 0, modulo 2^32. */
  readonly counter: number;
  readonly entries: readonly SyncEntry[];
}

/** Kinds of address entries by their type on the wire. */
export const ADDRESS_KINDS: ReadonlyMap<number, SyncAddressKind> = new Map([
  [TYPE.white, 'white'],
  [TYPE.trapped, 'trapped'],
  [TYPE.whiteDeleted, 'white-deleted'],
  [TYPE.trappedDeleted, 'trapped-deleted'],
]);

const NO_HMAC = new Uint8Array(HMAC_BYTES);

/** The HMAC of a message as its header has to have it; what the header has is not looked at. */
export function syncHmac(message: Uint8Array, key: Uint8Array): Uint8Array {
  return createHmac('sha1', key)
    .update(message.subarray(0, HEADER.hmac))
    .update(NO_HMAC)
    .update(message.subarray(HEADER.pad))
    .digest();
}
