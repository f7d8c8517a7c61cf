// The record of Linux's netfilter log (link type 239): struct nfgenmsg and a list of attributes.
// Layout: linux/netfilter/nfnetlink_log.h and LINKTYPE_NFLOG of the tcpdump group.

import { be16, be32, fieldText, u16 } from './bytes.js';
import { type Refusal, refuse } from './refusal.js';

/** Where the fields of the fixed header are. */
export const NFLOG = { family: 0, version: 1, resourceId: 2, size: 4 } as const;

/** Attribute types (NFULA_…) that are read. */
export const ATTRIBUTE = {
  packetHeader: 1,
  indev: 4,
  outdev: 5,
  payload: 9,
  prefix: 10,
  mask: 0x3fff,
} as const;

/** Netfilter hooks (NF_INET_…). */
export const HOOK = { preRouting: 0, localIn: 1, forward: 2, localOut: 3, postRouting: 4 } as const;

/** Address families as Linux numbers them. */
export const LINUX_AF = { inet: 2, inet6: 10 } as const;

/** A decoded record; a field is absent where the kernel wrote no such attribute, or behind the point of a refusal. */
export interface NflogHeader {
  readonly family: number;
  readonly version?: number;
  /** The NFLOG group. */
  readonly resourceId?: number;
  readonly hook?: number;
  readonly prefix?: string;
  /** Interface indices. */
  readonly indev?: number;
  readonly outdev?: number;
  /** Where the IP packet begins and ends. */
  readonly payloadOffset?: number;
  readonly payloadEnd?: number;
  readonly refusal?: Refusal;
}

/**
 * Whether the attributes' own byte order is little-endian: that of the file, unless the first attribute, which is
 * always the packet header of 8 bytes, reads the other way round.
 */
export function attributesAreLittleEndian(
  bytes: Uint8Array,
  at: number,
  end: number,
  isLittleEndian: boolean,
): boolean {
  if (at + 4 > end) return isLittleEndian;
  const isSwapped =
    u16(bytes, at, !isLittleEndian) === 8 && u16(bytes, at + 2, !isLittleEndian) === ATTRIBUTE.packetHeader;
  return isSwapped ? !isLittleEndian : isLittleEndian;
}

/** Decodes the record in `bytes`; `isLittleEndian` is the byte order of the capture file. */
export function decodeNflog(bytes: Uint8Array, isLittleEndian: boolean): NflogHeader | Refusal {
  const end = bytes.length;
  if (end === 0) return refuse('empty', 'empty record');
  if (end < NFLOG.size) return refuse('header-cut', `NFLOG header larger than caplen (${NFLOG.size}/${end})`);
  const header: { -readonly [K in keyof NflogHeader]: NflogHeader[K] } = { family: bytes[NFLOG.family]! };
  header.version = bytes[NFLOG.version]!;
  if (header.version !== 0) {
    return { ...header, refusal: refuse('header-version', `NFLOG version ${header.version}`) };
  }
  header.resourceId = be16(bytes, NFLOG.resourceId);
  const order = attributesAreLittleEndian(bytes, NFLOG.size, end, isLittleEndian);
  for (let at: number = NFLOG.size; at < end; ) {
    const length = at + 4 <= end ? u16(bytes, at, order) : 0;
    if (length < 4 || at + length > end) {
      return { ...header, refusal: refuse('bad-attribute', `NFLOG attribute at byte ${at} of ${end}`) };
    }
    const type = u16(bytes, at + 2, order) & ATTRIBUTE.mask;
    if (type === ATTRIBUTE.payload) {
      header.payloadOffset = at + 4;
      header.payloadEnd = at + length;
      break;
    }
    if (type === ATTRIBUTE.packetHeader && length >= 7) header.hook = bytes[at + 6]!;
    else if (type === ATTRIBUTE.indev && length >= 8) header.indev = be32(bytes, at + 4);
    else if (type === ATTRIBUTE.outdev && length >= 8) header.outdev = be32(bytes, at + 4);
    else if (type === ATTRIBUTE.prefix) header.prefix = fieldText(bytes, at + 4, length - 4);
    at += (length + 3) & ~3;
  }
  const { family } = header;
  if (family !== LINUX_AF.inet && family !== LINUX_AF.inet6) {
    return { ...header, refusal: refuse('other-family', `address family ${family}`) };
  }
  if (header.payloadOffset === undefined) {
    return { ...header, refusal: refuse('no-payload', 'no packet in the NFLOG record') };
  }
  return header;
}
