// A synchronisation message of spamd(8) and greyd(8): bytes to values, after checking where they come from.

import { timingSafeEqual } from 'node:crypto';
import { ADDRESS_KINDS, type SyncEntry, type SyncMessage, syncHmac } from './sync-message.js';
import { decodeGreyEntry } from './sync-message-grey.js';
import {
  ADDRESS_ENTRY,
  ENTRY,
  HEADER,
  HMAC_BYTES,
  SYNC_FAMILY,
  SYNC_MAX_BYTES,
  SYNC_VERSION,
  TYPE,
} from './sync-message-layout.js';

/** Why a datagram is not a message. */
export type SyncRefusal =
  | 'too-short'
  | 'too-long'
  | 'wrong-version'
  | 'wrong-family'
  | 'wrong-length'
  | 'wrong-hmac'
  | 'bad-entry'
  | 'unknown-type'
  | 'no-end'
  | 'after-end';

/**
 * What the header alone says against a datagram, before any cryptography. Stricter than spamd, which ignores bytes
 * behind the message: those are covered by no HMAC.
 */
export function refuseSyncHeader(bytes: Uint8Array): SyncRefusal | undefined {
  if (bytes.length < HEADER.size + ENTRY.size) return 'too-short';
  if (bytes.length > SYNC_MAX_BYTES) return 'too-long';
  if (bytes[HEADER.version] !== SYNC_VERSION) return 'wrong-version';
  if (bytes[HEADER.family] !== SYNC_FAMILY) return 'wrong-family';
  const length = (bytes[HEADER.length]! << 8) | bytes[HEADER.length + 1]!;
  return length === bytes.length ? undefined : 'wrong-length';
}

/**
 * The message in a datagram, or why there is none. Never throws; tells nobody by its duration how much of an HMAC was
 * right. The whole message is refused for one bad entry, where spamd keeps what came before it.
 *
 * @param key as `readSyncKey` gives it: the key file's SHA-1 in hexadecimal, or nothing.
 */
export function decodeSyncMessage(bytes: Uint8Array, key: Uint8Array): SyncMessage | SyncRefusal {
  const refusal = refuseSyncHeader(bytes);
  if (refusal !== undefined) return refusal;
  const claimed = bytes.subarray(HEADER.hmac, HEADER.hmac + HMAC_BYTES);
  if (!timingSafeEqual(syncHmac(bytes, key), claimed)) return 'wrong-hmac';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = decodeEntries(view);
  return typeof entries === 'string' ? entries : { counter: view.getUint32(HEADER.counter), entries };
}

function decodeEntries(view: DataView): SyncEntry[] | SyncRefusal {
  const entries: SyncEntry[] = [];
  let at: number = HEADER.size;
  while (at < view.byteLength) {
    if (view.byteLength - at < ENTRY.size) return 'bad-entry';
    const type = view.getUint16(at + ENTRY.type);
    const length = view.getUint16(at + ENTRY.length);
    if (length < ENTRY.size || length > view.byteLength - at) return 'bad-entry';
    if (type === TYPE.end) {
      if (length !== ENTRY.size) return 'bad-entry';
      return at + length === view.byteLength ? entries : 'after-end';
    }
    const entry = decodeEntry(type, view, at, length);
    if (typeof entry === 'string') return entry;
    entries.push(entry);
    at += length;
  }
  return 'no-end';
}

function decodeEntry(type: number, view: DataView, at: number, length: number): SyncEntry | SyncRefusal {
  if (type === TYPE.grey) return decodeGreyEntry(view, at, length) ?? 'bad-entry';
  const kind = ADDRESS_KINDS.get(type);
  if (kind === undefined) return 'unknown-type';
  if (length !== ADDRESS_ENTRY.size) return 'bad-entry';
  return {
    kind,
    timestamp: view.getUint32(at + ADDRESS_ENTRY.timestamp),
    expire: view.getUint32(at + ADDRESS_ENTRY.expire),
    address: view.getUint32(at + ADDRESS_ENTRY.address),
  };
}
