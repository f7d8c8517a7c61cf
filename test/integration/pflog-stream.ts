// A pcap stream of pflog records, one a logged SYN, for tests that write what tcpdump would.

const PFLOG_LINK = 117;
const HEADER_BYTES = 100;
const SECONDS = (): number => Math.floor(Date.now() / 1000);

/** The stream's header. */
export const STREAM_HEADER: Buffer = makeHeader();

function makeHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(PFLOG_LINK, 20);
  return header;
}

/** A SYN to port 25 that pf passed: from the correspondent, or to it. The correspondent is an IPv4 address. */
export function synRecord(
  correspondent: string,
  direction: 'in' | 'out' = 'in',
  time: number = SECONDS(),
): Buffer {
  const record = Buffer.alloc(16 + HEADER_BYTES + 40);
  record.writeUInt32LE(time);
  record.writeUInt32LE(record.length - 16, 8);
  record.writeUInt32LE(record.length - 16, 12);
  const pflog = record.subarray(16);
  // Length, AF_INET, passed, matched.
  pflog.set([HEADER_BYTES, 2, 0, 0]);
  pflog.write('em0', 4);
  pflog.writeUInt32BE(7, 36);
  pflog.writeUInt32BE(0xffffffff, 40);
  pflog.writeUInt32LE(0xffffffff, 44);
  pflog.writeUInt32LE(100_000, 48);
  pflog[60] = direction === 'in' ? 1 : 2;
  pflog[62] = 2;
  const ip = pflog.subarray(HEADER_BYTES);
  ip.set([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6]);
  const peer = correspondent.split('.').map(Number);
  ip.set([203, 0, 113, 25], direction === 'in' ? 16 : 12);
  ip.set(peer, direction === 'in' ? 12 : 16);
  ip.writeUInt16BE(40_000, 20);
  ip.writeUInt16BE(25, 22);
  ip.set([0x50, 2, 0x40, 0], 32);
  return record;
}

/** A whole stream of SYNs from these addresses. */
export function synStream(correspondents: readonly string[]): Buffer {
  return Buffer.concat([STREAM_HEADER, ...correspondents.map(address => synRecord(address))]);
}

/** That many different addresses. */
export function addresses(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => {
    const n = first + i;
    return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  });
}
