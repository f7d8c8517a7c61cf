// A synchronisation message of spamd(8) and greyd(8): values to bytes.

import { ADDRESS_KINDS, type SyncAddressEntry, type SyncMessage, syncHmac } from './sync-message.js';
import { greyEntryLength, writeGreyEntry } from './sync-message-grey.js';
import {
  ADDRESS_ENTRY,
  ENTRY,
  HEADER,
  SYNC_FAMILY,
  SYNC_MAX_BYTES,
  SYNC_VERSION,
  TYPE,
} from './sync-message-layout.js';

const TYPES = new Map(Array.from(ADDRESS_KINDS, ([type, kind]) => [kind, type]));

/**
 * The bytes of a message, with its HMAC. Times beyond 32 bits are truncated, as sync.c truncates them.
 *
 * @throws {RangeError} when the entries do not fit into one message; `SYNC_MAX_ADDRESSES` addresses do.
 */
export function encodeSyncMessage(message: SyncMessage, key: Uint8Array): Buffer {
  const sizes = message.entries.map(entry =>
    entry.kind === 'grey' ? greyEntryLength(entry) : ADDRESS_ENTRY.size,
  );
  const length = sizes.reduce((sum, size) => sum + size, HEADER.size + ENTRY.size);
  if (length > SYNC_MAX_BYTES) {
    throw new RangeError(
      `Cannot encode a sync message of ${length} bytes: at most ${SYNC_MAX_BYTES} are read`,
    );
  }
  const bytes = Buffer.alloc(length);
  bytes[HEADER.version] = SYNC_VERSION;
  bytes[HEADER.family] = SYNC_FAMILY;
  bytes.writeUInt16BE(length, HEADER.length);
  bytes.writeUInt32BE(message.counter >>> 0, HEADER.counter);
  let at: number = HEADER.size;
  message.entries.forEach((entry, i) => {
    if (entry.kind === 'grey') writeGreyEntry(bytes, at, entry);
    else writeAddressEntry(bytes, at, entry);
    at += sizes[i]!;
  });
  bytes.writeUInt16BE(TYPE.end, at + ENTRY.type);
  bytes.writeUInt16BE(ENTRY.size, at + ENTRY.length);
  bytes.set(syncHmac(bytes, key), HEADER.hmac);
  return bytes;
}

function writeAddressEntry(bytes: Buffer, at: number, entry: SyncAddressEntry): void {
  bytes.writeUInt16BE(TYPES.get(entry.kind)!, at + ENTRY.type);
  bytes.writeUInt16BE(ADDRESS_ENTRY.size, at + ENTRY.length);
  bytes.writeUInt32BE(entry.timestamp >>> 0, at + ADDRESS_ENTRY.timestamp);
  bytes.writeUInt32BE(entry.expire >>> 0, at + ADDRESS_ENTRY.expire);
  bytes.writeUInt32BE(entry.address >>> 0, at + ADDRESS_ENTRY.address);
}
