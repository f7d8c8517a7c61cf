// A whole record as a value: the log's header, the packet behind it, and where decoding ended.

import { decodeIp } from './ip.js';
import { decodeNflog, LINUX_AF, type NflogHeader } from './nflog.js';
import { decodePflog, ipVersion, type PflogHeader } from './pflog.js';
import { isRefusal, type Refusal, refuse } from './refusal.js';
import { LINK_TYPE } from './savefile-problem.js';
import { decodeTcp, type TcpHeader } from './tcp.js';

/** The packet that was logged, as far as it was captured. */
export interface Packet {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol?: number;
  readonly isLaterFragment?: boolean;
  readonly tcp?: TcpHeader;
}

/** A decoded record. `refusal` tells where decoding ended before its time; what came before is there. */
export interface LogRecord {
  readonly link: 'pflog' | 'nflog';
  readonly pflog?: PflogHeader;
  readonly nflog?: NflogHeader;
  readonly packet?: Packet;
  readonly refusal?: Refusal;
}

const TCP_PROTOCOL = 6;

/**
 * Decodes a record of link type 117 or 239.
 * @param bytes what was captured of it
 * @param originalLength its length before it was cut to the snap length
 * @param isLittleEndian the byte order of the capture file
 */
export function decodeRecord(
  linkType: number,
  bytes: Uint8Array,
  originalLength: number,
  isLittleEndian: boolean,
): LogRecord {
  return linkType === LINK_TYPE.nflog
    ? decodeNflogRecord(bytes, isLittleEndian)
    : decodePflogRecord(bytes, originalLength, isLittleEndian);
}

function decodePflogRecord(bytes: Uint8Array, originalLength: number, isLittleEndian: boolean): LogRecord {
  const pflog = decodePflog(bytes, originalLength, isLittleEndian);
  if (isRefusal(pflog)) return { link: 'pflog', refusal: pflog };
  if (pflog.payloadOffset === undefined) return { link: 'pflog', pflog, refusal: pflog.refusal! };
  const version = ipVersion(pflog.af!);
  return { link: 'pflog', pflog, ...decodePacket(bytes, pflog.payloadOffset, bytes.length, version) };
}

function decodeNflogRecord(bytes: Uint8Array, isLittleEndian: boolean): LogRecord {
  const nflog = decodeNflog(bytes, isLittleEndian);
  if (isRefusal(nflog)) return { link: 'nflog', refusal: nflog };
  if (nflog.refusal !== undefined) return { link: 'nflog', nflog, refusal: nflog.refusal };
  const version = nflog.family === LINUX_AF.inet ? 4 : 6;
  return { link: 'nflog', nflog, ...decodePacket(bytes, nflog.payloadOffset!, nflog.payloadEnd!, version) };
}

function decodePacket(
  bytes: Uint8Array,
  at: number,
  end: number,
  version: number,
): { packet?: Packet; refusal?: Refusal } {
  if (at < end && bytes[at]! >> 4 !== version) {
    return { refusal: refuse('payload-not-ip', `no IPv${version} packet behind the header`) };
  }
  const ip = decodeIp(bytes, at, end);
  if (isRefusal(ip)) return { refusal: ip };
  const { src, dst, protocol, isLaterFragment, payloadOffset, refusal } = ip;
  const packet = {
    ...(src !== undefined && { src }),
    ...(dst !== undefined && { dst }),
    ...(protocol !== undefined && { protocol }),
    ...(isLaterFragment && { isLaterFragment }),
  };
  if (refusal !== undefined) return { packet, refusal };
  if (protocol !== TCP_PROTOCOL || isLaterFragment) return { packet };
  const tcp = decodeTcp(bytes, payloadOffset!, end);
  return isRefusal(tcp) ? { packet, refusal: tcp } : { packet: { ...packet, tcp } };
}
