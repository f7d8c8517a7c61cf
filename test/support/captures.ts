// Makes the bytes of captures: pflog and NFLOG records of SMTP connections in classic pcap files.

import { SocketAddress } from 'node:net';

/** A connection's packet as a test speaks of it; what is left out is that of an ordinary inbound SYN. */
export interface TestPacket {
  readonly time?: number;
  readonly microseconds?: number;
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  /** TCP flags: SYN is 2, ACK 16. */
  readonly flags?: number;
  readonly direction?: 'in' | 'out';
}

/** What pf's log says besides. */
export interface TestPflog extends TestPacket {
  /** 0 pass, 1 block. */
  readonly action?: number;
  readonly reason?: number;
  readonly interface?: string;
  readonly ruleset?: string;
  readonly rulenr?: number;
  readonly subrulenr?: number;
  /** Address and port of the destination after translation, which makes the record a rewritten one. */
  readonly redirectedTo?: { readonly address: string; readonly port: number };
}

/** What Netfilter's log says besides. */
export interface TestNflog extends TestPacket {
  readonly prefix?: string;
  readonly index?: number;
}

export const START = 1_700_000_000;
export const MAIL_SERVER = '192.0.2.25';
export const CORRESPONDENT = '198.51.100.7';
export const PFLOG = 117;
export const NFLOG = 239;

const FILE_HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;
const PFLOG_SIZE = 100;

/** A capture file of records, which {@link pflogRecord} and {@link nflogRecord} make. */
export function pcap(records: readonly Buffer[], linkType: number = PFLOG): Buffer {
  const header = Buffer.alloc(FILE_HEADER_SIZE);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(512, 16);
  header.writeUInt32LE(linkType, 20);
  return Buffer.concat([header, ...records]);
}

/** A capture file of pf's log. */
export function pflogCapture(...packets: readonly TestPflog[]): Buffer {
  return pcap(packets.map(pflogRecord));
}

/** A capture file of Netfilter's log. */
export function nflogCapture(...packets: readonly TestNflog[]): Buffer {
  return pcap(packets.map(nflogRecord), NFLOG);
}

function record({ time = START, microseconds = 0 }: TestPacket, data: Buffer): Buffer {
  const header = Buffer.alloc(RECORD_HEADER_SIZE);
  header.writeUInt32LE(time, 0);
  header.writeUInt32LE(microseconds, 4);
  header.writeUInt32LE(data.length, 8);
  header.writeUInt32LE(data.length, 12);
  return Buffer.concat([header, data]);
}

/** A record of pf's log as OpenBSD has written it since 5.1. */
export function pflogRecord(packet: TestPflog): Buffer {
  const { action = 0, reason = 0, interface: name = 'em0', ruleset = '', rulenr = 4 } = packet;
  const { subrulenr = 0xffffffff, direction = 'in', redirectedTo } = packet;
  const ip = ipPacket(packet);
  const header = Buffer.alloc(PFLOG_SIZE);
  const family = ip[0]! >> 4 === 4 ? 2 : 24;
  header.set([PFLOG_SIZE, family, action, reason]);
  header.write(name, 4, 16, 'latin1');
  header.write(ruleset, 20, 16, 'latin1');
  header.writeUInt32BE(rulenr, 36);
  header.writeUInt32BE(subrulenr, 40);
  header.writeUInt32LE(0xffffffff, 44);
  header.writeUInt32LE(100_000, 48);
  header[60] = direction === 'in' ? 1 : 2;
  header[62] = family;
  if (redirectedTo) {
    header[61] = 1;
    addressBytes(redirectedTo.address).copy(header, 80);
    header.writeUInt16BE(redirectedTo.port, 98);
  }
  return record(packet, Buffer.concat([header, ip]));
}

/** A record of Netfilter's log: INPUT for inbound packets, OUTPUT for outbound ones. */
export function nflogRecord(packet: TestNflog): Buffer {
  const { prefix = 'smtp', index = 2, direction = 'in' } = packet;
  const ip = ipPacket(packet);
  const isIpv4 = ip[0]! >> 4 === 4;
  const ifindex = Buffer.alloc(4);
  ifindex.writeUInt32BE(index);
  const data = Buffer.concat([
    Buffer.from([isIpv4 ? 2 : 10, 0, 0, 25]),
    attribute(1, Buffer.from([isIpv4 ? 8 : 0x86, isIpv4 ? 0 : 0xdd, direction === 'in' ? 1 : 3, 0])),
    attribute(10, Buffer.from(`${prefix}\0`)),
    attribute(direction === 'in' ? 4 : 5, ifindex),
    attribute(9, ip),
  ]);
  return record(packet, data);
}

function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + value.length, 0);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, value, Buffer.alloc(-value.length & 3)]);
}

function ipPacket({ src, dst, sport = 40_000, dport = 25, flags = 2, direction = 'in' }: TestPacket): Buffer {
  const from = addressBytes(src ?? (direction === 'in' ? CORRESPONDENT : MAIL_SERVER));
  const to = addressBytes(dst ?? (direction === 'in' ? MAIL_SERVER : CORRESPONDENT));
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(sport, 0);
  tcp.writeUInt16BE(dport, 2);
  tcp.set([0x50, flags, 0x40, 0], 12);
  return Buffer.concat([from.length === 4 ? ipv4Header() : ipv6Header(), from, to, tcp]);
}

/** Both headers up to the addresses. */
function ipv4Header(): Buffer {
  return Buffer.from([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0]);
}

function ipv6Header(): Buffer {
  return Buffer.from([0x60, 0, 0, 0, 0, 20, 6, 64]);
}

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const { address: canonical } = new SocketAddress({ address, family: 'ipv6' });
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string): string[] => text.split(':').filter(Boolean);
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return Buffer.from([...first, ...zeros, ...last].map(group => group.padStart(4, '0')).join(''), 'hex');
}
