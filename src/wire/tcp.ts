// The part of a TCP header (RFC 9293) that tells a connection's beginning.

import { be16 } from './bytes.js';
import { type Refusal, refuse } from './refusal.js';

/** Where the fields of a TCP header are; `size` is as much of it as is needed. */
export const TCP = { sourcePort: 0, destinationPort: 2, flags: 13, size: 14 } as const;

/** Flag bits. */
export const TCP_FLAG = { syn: 0x02, ack: 0x10 } as const;

/** What a TCP header says. */
export interface TcpHeader {
  readonly sport: number;
  readonly dport: number;
  /** The flags octet, ECN bits included. */
  readonly flags: number;
}

/** Decodes the TCP header of `bytes` from `at` to before `end`. */
export function decodeTcp(bytes: Uint8Array, at: number, end: number): TcpHeader | Refusal {
  if (at + TCP.size > end) return refuse('cut-short', 'too little of the TCP header was captured');
  return {
    sport: be16(bytes, at + TCP.sourcePort),
    dport: be16(bytes, at + TCP.destinationPort),
    flags: bytes[at + TCP.flags]!,
  };
}

/** Whether the flags begin a connection: SYN without ACK, whatever else is set. */
export function isOpening(flags: number): boolean {
  return (flags & (TCP_FLAG.syn | TCP_FLAG.ack)) === TCP_FLAG.syn;
}
