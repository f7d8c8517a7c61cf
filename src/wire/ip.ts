// IPv4 (RFC 791) and IPv6 (RFC 8200) headers, as far as they tell who talks to whom over which protocol.

import { formatIpv4, formatWords } from '../address/address.js';
import { be16, be32 } from './bytes.js';
import { type Refusal, refuse } from './refusal.js';

/** Where the fields of an IPv4 header are. */
export const IPV4 = {
  totalLength: 2,
  fragment: 6,
  protocol: 9,
  source: 12,
  destination: 16,
  size: 20,
} as const;

/** Where the fields of an IPv6 header are. */
export const IPV6 = { payloadLength: 4, nextHeader: 6, source: 8, destination: 24, size: 40 } as const;

/** Protocol numbers (IANA) that the decoder knows by name. */
export const PROTOCOL = {
  hopByHop: 0,
  tcp: 6,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
} as const;

/** The bits of an IPv4 fragment field that hold the offset. */
export const IPV4_OFFSET_MASK = 0x1fff;

/** The bits of an IPv6 fragment header's field that hold the offset (RFC 8200 4.5). */
export const IPV6_OFFSET_MASK = 0xfff8;

/** What an IP header says. Fields behind the point where a packet was cut are absent. */
export interface IpHeader {
  readonly version: 4 | 6;
  /** Canonical text. */
  readonly src?: string;
  readonly dst?: string;
  /** Protocol of the payload, IPv6 extension headers passed over. */
  readonly protocol?: number;
  /** Whether this is a fragment that does not begin its packet. */
  readonly isLaterFragment?: boolean;
  /** Where the payload begins. */
  readonly payloadOffset?: number;
  /** Why the header could not be read to its end. */
  readonly refusal?: Refusal;
}

const CUT = refuse('cut-short', 'too little of the packet was captured');

/** Decodes the IP header of `bytes` from `at` to before `end`; the version nibble says which. */
export function decodeIp(bytes: Uint8Array, at: number, end: number): IpHeader | Refusal {
  if (at >= end) return CUT;
  const version = bytes[at]! >> 4;
  if (version === 4) return decodeIpv4(bytes, at, end);
  if (version === 6) return decodeIpv6(bytes, at, end);
  return refuse('ip-header', `IP version ${version}`);
}

function decodeIpv4(bytes: Uint8Array, at: number, end: number): IpHeader | Refusal {
  const headerLength = (bytes[at]! & 15) * 4;
  if (headerLength < IPV4.size) return refuse('ip-header', `IPv4 header of ${headerLength} bytes`);
  const has = (offset: number): boolean => at + offset <= end;
  const header = {
    version: 4 as const,
    ...(has(IPV4.protocol + 1) && { protocol: bytes[at + IPV4.protocol]! }),
    ...(has(IPV4.destination) && { src: formatIpv4(be32(bytes, at + IPV4.source)) }),
  };
  if (!has(IPV4.size)) return { ...header, refusal: CUT };
  return {
    ...header,
    dst: formatIpv4(be32(bytes, at + IPV4.destination)),
    isLaterFragment: (be16(bytes, at + IPV4.fragment) & IPV4_OFFSET_MASK) !== 0,
    payloadOffset: at + headerLength,
  };
}

function decodeIpv6(bytes: Uint8Array, at: number, end: number): IpHeader {
  const header = {
    version: 6 as const,
    ...(at + IPV6.destination <= end && { src: ipv6Text(bytes, at + IPV6.source) }),
  };
  if (at + IPV6.size > end) return { ...header, refusal: CUT };
  const dst = ipv6Text(bytes, at + IPV6.destination);
  let protocol = bytes[at + IPV6.nextHeader]!;
  let offset = at + IPV6.size;
  while (isExtensionHeader(protocol)) {
    if (offset + 8 > end) return { ...header, dst, refusal: CUT };
    const isLaterFragment =
      protocol === PROTOCOL.fragment && (be16(bytes, offset + 2) & IPV6_OFFSET_MASK) !== 0;
    const length = extensionLength(bytes, offset, protocol);
    protocol = bytes[offset]!;
    offset += length;
    if (isLaterFragment) return { ...header, dst, protocol, isLaterFragment, payloadOffset: offset };
  }
  return { ...header, dst, protocol, isLaterFragment: false, payloadOffset: offset };
}

/** Whether a protocol number is that of an IPv6 extension header that another header follows. */
export function isExtensionHeader(protocol: number): boolean {
  return (
    protocol === PROTOCOL.hopByHop ||
    protocol === PROTOCOL.routing ||
    protocol === PROTOCOL.fragment ||
    protocol === PROTOCOL.destination ||
    protocol === PROTOCOL.authentication
  );
}

/** Length in bytes of the extension header at `at` (RFC 8200 4.2; the authentication header counts by 4, RFC 4302). */
export function extensionLength(bytes: Uint8Array, at: number, protocol: number): number {
  if (protocol === PROTOCOL.fragment) return 8;
  if (protocol === PROTOCOL.authentication) return (bytes[at + 1]! + 2) * 4;
  return (bytes[at + 1]! + 1) * 8;
}

function ipv6Text(bytes: Uint8Array, at: number): string {
  return formatWords(be32(bytes, at), be32(bytes, at + 4), be32(bytes, at + 8), be32(bytes, at + 12));
}
