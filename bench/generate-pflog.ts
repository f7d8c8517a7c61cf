// Writes the capture that the replay benchmark reads: OpenBSD records of 100 + 40 bytes, the same ones every time.

import { closeSync, openSync, writeSync } from 'node:fs';

/** What of a thousand records is what; the rest is blocked SMTP. */
const SHARE = { other: 500, outbound: 250, inbound: 200 } as const;
const RECORD_SIZE = 16 + 100 + 40;
const START_SECONDS = 1_700_000_000;
const MAIL_SERVER = 0xc0000219;

/** A small generator of numbers (xorshift32), so that the file is the same on every machine. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Writes `records` records with `addresses` distinct correspondents, spread over the whole address range, to a file. */
export function generatePflog(path: string, records: number, addresses: number): void {
  const random = makeRandom(2463534242);
  const correspondents = Uint32Array.from({ length: addresses }, (_, i) => {
    const spread = Math.imul(i + 1, 0x9e3779b1) >>> 0;
    return ((((spread >>> 24) % 200) + 11) * 0x1000000 + (spread & 0xffffff)) >>> 0;
  });
  const file = openSync(path, 'w');
  try {
    writeSync(file, fileHeader());
    const perChunk = 20_000;
    const chunk = Buffer.alloc(perChunk * RECORD_SIZE);
    const template = recordTemplate();
    for (let done = 0; done < records; ) {
      const count = Math.min(perChunk, records - done);
      for (let i = 0; i < count; i++) {
        template.copy(chunk, i * RECORD_SIZE);
        fillRecord(chunk, i * RECORD_SIZE, done + i, random, correspondents);
      }
      writeSync(file, chunk, 0, count * RECORD_SIZE);
      done += count;
    }
  } finally {
    closeSync(file);
  }
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(160, 16);
  header.writeUInt32LE(117, 20);
  return header;
}

function recordTemplate(): Buffer {
  const record = Buffer.alloc(RECORD_SIZE);
  record.writeUInt32LE(140, 8);
  record.writeUInt32LE(140, 12);
  const pflog = record.subarray(16);
  pflog.set([100, 2, 0, 0]);
  pflog.write('em0', 4);
  pflog.writeUInt32BE(0xffffffff, 40);
  pflog.writeUInt32LE(0xffffffff, 44);
  pflog.writeUInt32LE(100_000, 48);
  pflog[62] = 2;
  const ip = record.subarray(116);
  ip.set([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6]);
  ip.writeUInt16BE(40_000, 20);
  ip.set([0x50, 2, 0x40, 0], 32);
  return record;
}

function fillRecord(
  chunk: Buffer,
  at: number,
  index: number,
  random: () => number,
  correspondents: Uint32Array,
): void {
  const kind = random() % 1000;
  const correspondent = correspondents[random() % correspondents.length]!;
  const isOut = kind >= SHARE.other && kind < SHARE.other + SHARE.outbound;
  const isBlocked = kind >= SHARE.other + SHARE.outbound + SHARE.inbound;
  chunk.writeUInt32LE(START_SECONDS + Math.floor(index / 100), at);
  chunk.writeUInt32LE((index % 100) * 10_000, at + 4);
  const pflog = at + 16;
  chunk[pflog + 2] = isBlocked ? 1 : 0;
  chunk.writeUInt32BE(isBlocked ? 0 : isOut ? 7 : 4, pflog + 36);
  chunk[pflog + 60] = isOut ? 2 : 1;
  const ip = at + 116;
  chunk.writeUInt32BE(isOut ? MAIL_SERVER : correspondent, ip + 12);
  chunk.writeUInt32BE(isOut ? correspondent : MAIL_SERVER, ip + 16);
  chunk.writeUInt16BE(1024 + (random() % 60_000), ip + 20);
  chunk.writeUInt16BE(kind < SHARE.other ? (kind & 1 ? 443 : 22) : 25, ip + 22);
}
