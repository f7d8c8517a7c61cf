import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locatePayload } from '../../src/wire/pflog.js';

/** A record of zeros with a header length, and packets' beginnings where they are asked for. */
function record(
  length: number,
  size: number,
  ...packets: { at: number; first: number; total: number }[]
): Buffer {
  const bytes = Buffer.alloc(size);
  bytes[0] = length;
  for (const { at, first, total } of packets) {
    bytes[at] = first;
    bytes.writeUInt16BE(total, at + (first >> 4 === 4 ? 2 : 4));
  }
  return bytes;
}

function locate(bytes: Buffer, version: 4 | 6, originalLength = bytes.length): number {
  return locatePayload(bytes, 0, bytes.length, originalLength, version);
}

test('the packet begins behind the header rounded up to 4 bytes', () => {
  const places: [number, number][] = [
    [45, 48],
    [48, 48],
    [49, 52],
    [61, 64],
    [68, 68],
    [69, 72],
    [100, 100],
  ];
  for (const [length, place] of places) {
    assert.equal(locate(record(length, 140, { at: place, first: 0x45, total: 9 }), 4), place, `${length}`);
    assert.equal(locate(record(length, 140, { at: place, first: 0x6f, total: 9 }), 6), place, `${length}`);
  }
});

test('the length of the packet is not asked about where it begins in the usual place', () => {
  assert.equal(locate(record(100, 120, { at: 100, first: 0x45, total: 60_000 }), 4), 100);
});

test('elsewhere it begins only where its length fits the length of the record', () => {
  for (const place of [72, 76, 100, 104]) {
    const packet = { at: place, first: 0x45, total: 140 - place };
    assert.equal(locate(record(68, 140, packet), 4), place, `${place}`);
    assert.equal(locate(record(68, 140, { ...packet, total: packet.total + 1 }), 4), -1, `${place}`);
  }
});

test('elsewhere the length of an IPv6 packet does not count its header', () => {
  assert.equal(locate(record(68, 140, { at: 76, first: 0x60, total: 24 }), 6), 76);
  assert.equal(locate(record(68, 140, { at: 76, first: 0x60, total: 64 }), 6), -1);
});

test('the length of the record is the one before it was cut', () => {
  assert.equal(locate(record(68, 90, { at: 76, first: 0x45, total: 64 }), 4, 140), 76);
});

test('the header rounded to 8 bytes, or with three more, is such a place too', () => {
  assert.equal(locate(record(81, 140, { at: 88, first: 0x45, total: 52 }), 4), 88);
  assert.equal(locate(record(82, 140, { at: 85, first: 0x45, total: 55 }), 4), 85);
  assert.equal(locate(record(81, 140, { at: 96, first: 0x45, total: 44 }), 4), -1);
});

test('a packet never begins inside the header', () => {
  assert.equal(locate(record(100, 140, { at: 64, first: 0x45, total: 76 }), 4), -1);
});

test('two possible places are none', () => {
  const one = { at: 72, first: 0x45, total: 68 };
  const other = { at: 100, first: 0x45, total: 40 };
  assert.equal(locate(record(68, 140, one, other), 4), -1);
  assert.equal(locate(record(68, 140, one), 4), 72);
});

test('the version has to be that of the family, and an IPv4 header at least 20 bytes long', () => {
  assert.equal(locate(record(61, 104, { at: 64, first: 0x60, total: 0 }), 4), -1);
  assert.equal(locate(record(61, 104, { at: 64, first: 0x45, total: 40 }), 6), -1);
  assert.equal(locate(record(61, 104, { at: 64, first: 0x44, total: 40 }), 4), -1);
});

test('a place is looked at only as far as the record goes', () => {
  // The length at 78 is not captured, though it stands in the buffer.
  const bytes = record(68, 140, { at: 76, first: 0x45, total: 64 });
  assert.equal(locatePayload(bytes, 0, 79, 140, 4), -1);
  assert.equal(locatePayload(bytes, 0, 82, 140, 4), 76);
});

test('the record may lie anywhere in a buffer', () => {
  const bytes = Buffer.concat([
    Buffer.alloc(7, 0x45),
    record(68, 140, { at: 76, first: 0x45, total: 64 }),
    Buffer.alloc(9, 0x45),
  ]);
  assert.equal(locatePayload(bytes, 7, 147, 140, 4), 76);
});
