// One line on a captured record: link type, group or -, addresses; enough for the live tests of captures.

import type { PcapRecord, PcapStream } from '../capture/pcap-stream.js';

const NFLOG = 239;
const ETHERNET = 1;
/** NFULA_PAYLOAD of linux/netfilter/nfnetlink_log.h. */
const PAYLOAD = 9;

/** Such as `239 group 155 192.0.2.2 > 192.0.2.1`. */
export function describeRecord({ linkType }: PcapStream, record: PcapRecord): string {
  if (linkType === NFLOG) {
    return `239 group ${record.bytes.readUInt16BE(2)} ${describePacket(nflogPayload(record.bytes))}`;
  }
  if (linkType === ETHERNET) return `1 ${describePacket(record.bytes.subarray(14))}`;
  return `${linkType} ?`;
}

function nflogPayload(bytes: Buffer): Buffer {
  for (let at = 4; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (bytes.readUInt16LE(at + 2) === PAYLOAD) return bytes.subarray(at + 4, at + length);
    at += (length + 3) & ~3;
  }
  return Buffer.alloc(0);
}

function describePacket(packet: Buffer): string {
  const [from, to, length] = packet[0]! >> 4 === 4 ? [12, 16, 4] : [8, 24, 16];
  const address = (at: number): string => formatAddress(packet.subarray(at, at + length));
  return `${address(from)} > ${address(to)}`;
}

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  return bytes.toString('hex').replace(/(.{4})(?=.)/g, '$1:');
}
