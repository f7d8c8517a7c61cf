// Where the fields of a synchronisation message are: version 2 of spamd's protocol (OpenBSD spamd, sync.h), big-endian.

/** The port of the service `spamd-sync` (services(5)). */
export const SYNC_PORT = 8025;

/** The only version there is. */
export const SYNC_VERSION = 2;

/** `AF_INET`: the protocol has no other addresses than IPv4. */
export const SYNC_FAMILY = 2;

/** No receiver reads more of a datagram than this many bytes. */
export const SYNC_MAX_BYTES = 1408;

/** Offsets in the header, in bytes. `length` is that of the whole message; `hmac` is zero while the HMAC is computed. */
export const HEADER = { version: 0, family: 1, length: 2, counter: 4, hmac: 8, pad: 28, size: 32 } as const;

/** HMAC-SHA1 (RFC 2104). */
export const HMAC_BYTES = 20;

/** What every entry begins with; END is nothing but this. */
export const ENTRY = { type: 0, length: 2, size: 4 } as const;

/** WHITE, TRAPPED and their deletions. */
export const ADDRESS_ENTRY = { timestamp: 4, expire: 8, address: 12, size: 16 } as const;

/**
 * GREY: the three strings follow, each with its NUL. spamd packs the structure (18 bytes); greyd does not, so that its
 * compiler pads it to 20.
 */
export const GREY_ENTRY = {
  timestamp: 4,
  address: 8,
  fromLength: 12,
  toLength: 14,
  heloLength: 16,
  packedSize: 18,
  paddedSize: 20,
  alignment: 16,
} as const;

/** Types of entries. The deletions are greyd's (sync.h of greyd 0.11); spamd stops reading at one. */
export const TYPE = { end: 0, grey: 1, white: 2, trapped: 3, whiteDeleted: 4, trappedDeleted: 5 } as const;

/** How many addresses fit into one message. */
export const SYNC_MAX_ADDRESSES: number = Math.floor(
  (SYNC_MAX_BYTES - HEADER.size - ENTRY.size) / ADDRESS_ENTRY.size,
);
