// The kernel's filter (pcap-filter(7)): what it drops costs us nothing, what it lets through our own policy judges.

import type { CaptureDevice } from './capture-device.js';

/**
 * IPv6 headers that may stand between the fixed one and TCP: hop-by-hop, routing, fragment, authentication,
 * destination options. A filter cannot walk them, so such packets are all let through.
 */
const EXTENSION_HEADERS = [0, 43, 44, 51, 60];

/**
 * The narrowest filter that drops nothing which could be the beginning of a connection to one of those TCP ports:
 * SYN without ACK, IPv4 and IPv6, on pflog of packets that were passed. Empty, which is no filter, for NFLOG: none can
 * be compiled for it.
 */
export function kernelFilter(device: CaptureDevice, ports: readonly number[]): string {
  if (device.kind === 'nflog') return '';
  const port = ports.map(number => `dst port ${number}`).join(' or ');
  // tcp[] is of IPv4 alone. Without extension headers IPv6's flags are 40 + 13 bytes in.
  const ipv4 = `ip and tcp and (${port}) and tcp[13] & 0x12 = 0x2`;
  const ipv6 = `ip6 and tcp and (${port}) and ip6[53] & 0x12 = 0x2`;
  const ipv6Extended = `ip6 and (${EXTENSION_HEADERS.map(header => `ip6[6] = ${header}`).join(' or ')})`;
  const connection = `((${ipv4}) or (${ipv6}) or (${ipv6Extended}))`;
  return device.kind === 'pflog' ? `action pass and ${connection}` : connection;
}
