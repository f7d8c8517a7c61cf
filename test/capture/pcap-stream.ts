// Reads a pcap stream of this host's byte order, for tests of those who write one.

import { endianness } from 'node:os';

/** One packet. */
export interface PcapRecord {
  readonly seconds: number;
  readonly microseconds: number;
  readonly length: number;
  readonly bytes: Buffer;
}

/** A whole stream. */
export interface PcapStream {
  readonly snapLength: number;
  readonly linkType: number;
  readonly records: readonly PcapRecord[];
  /** Bytes of an unfinished record at the end. */
  readonly rest: number;
}

/** The stream's content; throws where it is not one. */
export function parsePcapStream(data: Buffer): PcapStream {
  const word = (at: number): number =>
    endianness() === 'LE' ? data.readUInt32LE(at) : data.readUInt32BE(at);
  if (word(0) !== 0xa1b2c3d4) throw new Error('not a pcap stream with microseconds');
  const records: PcapRecord[] = [];
  let at = 24;
  while (at + 16 <= data.length && at + 16 + word(at + 8) <= data.length) {
    const [seconds, microseconds, captured, length] = [word(at), word(at + 4), word(at + 8), word(at + 12)];
    records.push({ seconds, microseconds, length, bytes: data.subarray(at + 16, at + 16 + captured) });
    at += 16 + captured;
  }
  return { snapLength: word(16), linkType: word(20), records, rest: data.length - at };
}
