// The header that pf's log interface puts before a packet (link type 117), in every variant since OpenBSD 3.4.
// Layouts: if_pflog.h of OpenBSD, FreeBSD, NetBSD and Darwin.

import { formatIpv4, formatWords } from '../address/address.js';
import { be16, be32, fieldText, u32 } from './bytes.js';
import { IPV4, IPV6 } from './ip.js';
import { type Refusal, refuse } from './refusal.js';

/** Where the fields are that every variant has, and those that the longer ones have. */
export const PFLOG = {
  length: 0,
  af: 1,
  action: 2,
  reason: 3,
  ifname: 4,
  ruleset: 20,
  rulenr: 36,
  subrulenr: 40,
  uid: 44,
  pid: 48,
  ruleUid: 52,
  rulePid: 56,
  rewritten: 61,
  naf: 62,
  saddr: 64,
  daddr: 80,
  sport: 96,
  dport: 98,
  nameSize: 16,
  minimum: 45,
  withIds: 61,
  withAddresses: 100,
} as const;

/** Values of pfvar.h that are the same everywhere. */
export const PF = { pass: 0, drop: 1, match: 0, in: 1, out: 2 } as const;

/** AF_INET, the same everywhere. */
export const AF_INET = 2;

/** "None" in `rulenr` and `subrulenr`. */
export const NO_RULE = 0xffffffff;

/** "None" in `subrulenr` as FreeBSD 9 wrote it: 1 in host order. */
const NO_SUBRULE_FREEBSD9 = 0x01000000;

/** A decoded header; a field is absent where the variant has none, or behind the point of a refusal. */
export interface PflogHeader {
  /** The length byte, which does not count the padding in most variants. */
  readonly length: number;
  readonly af?: number;
  readonly action?: number;
  readonly reason?: number;
  readonly ifname?: string;
  readonly ruleset?: string;
  readonly rulenr?: number;
  readonly subrulenr?: number;
  readonly dir?: number;
  readonly uid?: number;
  readonly pid?: number;
  readonly ruleUid?: number;
  readonly rulePid?: number;
  readonly ridentifier?: number;
  readonly rewritten?: number;
  readonly naf?: number;
  readonly saddr?: string;
  readonly daddr?: string;
  readonly sport?: number;
  readonly dport?: number;
  /** Where the IP packet begins. */
  readonly payloadOffset?: number;
  readonly refusal?: Refusal;
}

/** The IP version of an address family number: 4, 6 (AF_INET6 of OpenBSD 24, FreeBSD 28, Darwin 30), or 0. */
export function ipVersion(af: number): 0 | 4 | 6 {
  if (af === AF_INET) return 4;
  return af === 24 || af === 28 || af === 30 ? 6 : 0;
}

/** Where the direction is in a header of this length. */
export function directionOffset(length: number): number {
  if (length >= PFLOG.withIds) return 60;
  return length >= 49 ? 48 : 44;
}

/** The rule's number inside its anchor, or undefined where there is none. */
export function subruleNumber(raw: number): number | undefined {
  return raw === NO_RULE || raw === NO_SUBRULE_FREEBSD9 ? undefined : raw;
}

/**
 * Decodes the header at the beginning of `bytes`.
 * @param originalLength the length that the record had before it was cut to the snap length
 * @param isLittleEndian the byte order of the capture file, mostly that of the capturing host's ids
 */
export function decodePflog(
  bytes: Uint8Array,
  originalLength: number,
  isLittleEndian: boolean,
): PflogHeader | Refusal {
  const captured = bytes.length;
  if (captured === 0) return refuse('empty', 'empty record');
  const length = bytes[0]!;
  if (length < PFLOG.minimum) {
    return refuse('header-length', `invalid pflog header length (${length}/${PFLOG.minimum})`);
  }
  const padded = (length + 3) & ~3;
  if (captured < padded) {
    return refuse('header-cut', `pflog header larger than caplen (${padded}/${captured})`);
  }
  const af = bytes[PFLOG.af]!;
  const header: PflogHeader = {
    length,
    af,
    action: bytes[PFLOG.action]!,
    reason: bytes[PFLOG.reason]!,
    ifname: fieldText(bytes, PFLOG.ifname, PFLOG.nameSize),
    ruleset: fieldText(bytes, PFLOG.ruleset, PFLOG.nameSize),
    rulenr: be32(bytes, PFLOG.rulenr),
    subrulenr: be32(bytes, PFLOG.subrulenr),
    dir: bytes[directionOffset(length)]!,
    ...decodeIds(bytes, length, isLittleEndian),
    ...(length >= PFLOG.withAddresses && decodeAddresses(bytes, af)),
  };
  const version = ipVersion(af);
  if (version === 0) return { ...header, refusal: refuse('other-family', `address family ${af}`) };
  const payloadOffset = locatePayload(bytes, 0, captured, originalLength, version);
  if (payloadOffset >= 0) return { ...header, payloadOffset };
  return { ...header, refusal: refuse('payload-not-ip', `no IPv${version} packet behind the pflog header`) };
}

function decodeIds(bytes: Uint8Array, length: number, isLittleEndian: boolean): Partial<PflogHeader> {
  if (length < 49) return {};
  if (length < PFLOG.withIds) return { ridentifier: be32(bytes, 44) };
  const order = idsAreLittleEndian(bytes, isLittleEndian);
  return {
    uid: u32(bytes, PFLOG.uid, order),
    pid: u32(bytes, PFLOG.pid, order),
    ruleUid: u32(bytes, PFLOG.ruleUid, order),
    rulePid: u32(bytes, PFLOG.rulePid, order),
    ...(length >= 68 && length < PFLOG.withAddresses && { ridentifier: be32(bytes, 64) }),
  };
}

/** More than any system's process ids, and less than any small one with its bytes the other way round. */
const IMPOSSIBLE_PID = 0x01000000;

/**
 * The byte order of the ids: the capturing host's, which is the file's unless a program of another host has written
 * the record into a file of its own. Process ids that cannot be tell.
 */
function idsAreLittleEndian(bytes: Uint8Array, isLittleEndian: boolean): boolean {
  const arePossible = (order: boolean): boolean =>
    u32(bytes, PFLOG.pid, order) < IMPOSSIBLE_PID && u32(bytes, PFLOG.rulePid, order) < IMPOSSIBLE_PID;
  return arePossible(isLittleEndian) || !arePossible(!isLittleEndian) ? isLittleEndian : !isLittleEndian;
}

function decodeAddresses(bytes: Uint8Array, af: number): Partial<PflogHeader> {
  const naf = bytes[PFLOG.naf]!;
  const isIpv4 = ipVersion(naf === 0 ? af : naf) === 4;
  const text = (at: number): string =>
    isIpv4
      ? formatIpv4(be32(bytes, at))
      : formatWords(be32(bytes, at), be32(bytes, at + 4), be32(bytes, at + 8), be32(bytes, at + 12));
  return {
    rewritten: bytes[PFLOG.rewritten]!,
    naf,
    saddr: text(PFLOG.saddr),
    daddr: text(PFLOG.daddr),
    sport: be16(bytes, PFLOG.sport),
    dport: be16(bytes, PFLOG.dport),
  };
}

/** Where else the packet may begin: other systems' paddings of the same header. */
const OTHER_OFFSETS = [48, 52, 64, 68, 72, 76, 100, 104];

/**
 * Where the IP packet begins relative to `at`, or -1 when none is found. Normally behind the header padded to 4 bytes;
 * where no IP header of the version stands there, the one other place at which the packet's own length fits the
 * record's original length (pfSense's transitional header of 68 bytes is padded to 76).
 */
export function locatePayload(
  bytes: Uint8Array,
  at: number,
  end: number,
  originalLength: number,
  version: 4 | 6,
): number {
  const length = bytes[at]!;
  const padded = (length + 3) & ~3;
  if (at + padded >= end || looksLikeIp(bytes, at + padded, version)) return padded;
  let found = -1;
  for (const offset of [...OTHER_OFFSETS, length, (length + 7) & ~7, length + 3]) {
    if (offset < length || offset === found || at + offset + IPV6.nextHeader > end) continue;
    if (!looksLikeIp(bytes, at + offset, version)) continue;
    if (offset + packetLength(bytes, at + offset, version) !== originalLength) continue;
    if (found >= 0) return -1;
    found = offset;
  }
  return found;
}

function looksLikeIp(bytes: Uint8Array, at: number, version: 4 | 6): boolean {
  const first = bytes[at]!;
  return first >> 4 === version && (version === 6 || (first & 15) >= 5);
}

function packetLength(bytes: Uint8Array, at: number, version: 4 | 6): number {
  return version === 4
    ? be16(bytes, at + IPV4.totalLength)
    : IPV6.size + be16(bytes, at + IPV6.payloadLength);
}
