import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePcapFileHeader, pcapByteOrder } from '../../src/wire/pcap.js';
import { hex, withBytes } from './hex.js';
import { readWhole } from './read-records.js';

const LITTLE = hex(`
  d4 c3 b2 a1  02 00 04 00       | magic, version 2.4
  00 00 00 00  00 00 00 00       | time zone, accuracy
  a0 00 00 00  75 00 00 00       | snap length 160, pflog
`);
const BIG = hex('a1 b2 c3 d4  00 02 00 04  00 00 00 00  00 00 00 00  00 00 00 a0  00 00 00 75');
const RECORD = hex('00 f1 53 65  40 e2 01 00  03 00 00 00  a0 00 00 00  aa bb cc');
const RECORD_BIG = hex('65 53 f1 00  00 01 e2 40  00 00 00 03  00 00 00 a0  aa bb cc');
const READ = {
  seconds: 1_700_000_000,
  nanoseconds: 123_456_000,
  linkType: 117,
  originalLength: 160,
  isLittleEndian: true,
  bytes: 'aabbcc',
};

test('a file header in both byte orders', () => {
  const header = {
    isNanoseconds: false,
    recordHeaderSize: 16,
    major: 2,
    minor: 4,
    linkType: 117,
  };
  assert.deepEqual(decodePcapFileHeader(LITTLE, 0), { isLittleEndian: true, ...header });
  assert.deepEqual(decodePcapFileHeader(BIG, 0), { isLittleEndian: false, ...header });
});

test('the magics: microseconds, nanoseconds, Kuznetzov, and no others', () => {
  const orders: [string, 'little' | 'big' | undefined][] = [
    ['a1 b2 c3 d4', 'big'],
    ['d4 c3 b2 a1', 'little'],
    ['a1 b2 3c 4d', 'big'],
    ['4d 3c b2 a1', 'little'],
    ['a1 b2 cd 34', 'big'],
    ['34 cd b2 a1', 'little'],
    ['a1 2b 3c 4d', undefined],
    ['a1 b2 34 cd', undefined],
    ['0a 0d 0d 0a', undefined],
    ['00 00 00 00', undefined],
  ];
  for (const [magic, order] of orders) assert.equal(pcapByteOrder(hex(`ff ${magic}`), 1), order, magic);
});

test('records in both byte orders', () => {
  assert.deepEqual(readWhole(Buffer.concat([LITTLE, RECORD])).records, [READ]);
  assert.deepEqual(readWhole(Buffer.concat([BIG, RECORD_BIG])).records, [{ ...READ, isLittleEndian: false }]);
});

test('the fraction of a second is in nanoseconds where the magic says so', () => {
  const file = withBytes(Buffer.concat([LITTLE, RECORD]), 0, 0x4d, 0x3c);
  assert.equal(readWhole(file).records[0]!.nanoseconds, 123_456);
});

test('a fraction beyond the second is no fraction', () => {
  const million = withBytes(Buffer.concat([LITTLE, RECORD]), 28, 0x40, 0x42, 0x0f, 0);
  assert.equal(readWhole(million).records[0]!.nanoseconds, 0);
  const lessOne = withBytes(million, 28, 0x3f);
  assert.equal(readWhole(lessOne).records[0]!.nanoseconds, 999_999_000);
});

test("Kuznetzov's record header is 8 bytes longer", () => {
  const head = withBytes(LITTLE, 0, 0x34, 0xcd);
  const record = Buffer.concat([RECORD.subarray(0, 16), hex('02 00 00 00 00 08 00 00 aa bb cc')]);
  const { records, problem } = readWhole(Buffer.concat([head, record, record]));
  assert.equal(problem, undefined);
  assert.deepEqual(records, [READ, READ]);
});

test('seconds are unsigned: a capture may be of the year 2100', () => {
  const file = withBytes(Buffer.concat([LITTLE, RECORD]), 24, 0xff, 0xff, 0xff, 0xf4);
  assert.equal(readWhole(file).records[0]!.seconds, 0xf4ffffff);
});

test('the upper half of the link type is not part of it', () => {
  assert.equal(decodePcapFileHeader(withBytes(LITTLE, 20, 0xef, 0, 0, 0xf4), 0).linkType, 239);
  const { records } = readWhole(withBytes(Buffer.concat([LITTLE, RECORD]), 22, 0, 0x44));
  assert.equal(records[0]!.linkType, 117);
});

test('a record may be longer than the snap length, empty, or longer than the packet was', () => {
  const long = Buffer.concat([RECORD.subarray(0, 8), hex('04 01 00 00 04 01 00 00'), Buffer.alloc(260)]);
  const empty = withBytes(RECORD.subarray(0, 16), 8, 0);
  const longer = withBytes(RECORD, 12, 2);
  const { records, problem } = readWhole(Buffer.concat([LITTLE, long, empty, longer, RECORD]));
  assert.equal(problem, undefined);
  assert.deepEqual(
    records.map(record => [record.bytes.length / 2, record.originalLength]),
    [
      [260, 260],
      [0, 160],
      [3, 2],
      [3, 160],
    ],
  );
});

test('before version 2.3 the two lengths stood the other way round, and in 2.3 sometimes', () => {
  const swapped = hex('00 f1 53 65  40 e2 01 00  a0 00 00 00  03 00 00 00  aa bb cc');
  for (const [minor, record] of [
    [2, swapped],
    [0, swapped],
    [3, swapped],
    [3, RECORD],
    [4, RECORD],
    [9, RECORD],
  ] as const) {
    const file = Buffer.concat([withBytes(LITTLE, 6, minor), record]);
    assert.deepEqual(readWhole(file).records, [READ], `2.${minor}`);
  }
});

test('another major version is refused', () => {
  for (const [major, minor] of [
    [1, 2],
    [3, 0],
    [543, 4],
  ] as const) {
    const head = withBytes(LITTLE, 4, major & 0xff, major >> 8, minor);
    assert.deepEqual(readWhole(Buffer.concat([head, RECORD])), {
      records: [],
      problem: {
        kind: 'format',
        message: `is of savefile version ${major}.${minor}; only version 2 is read`,
      },
      offset: 0,
    });
  }
});

test('another link type is refused', () => {
  const known = 'only 117 (pflog) and 239 (NFLOG) are read';
  const refusal = (linkType: number): unknown => {
    const { records, problem } = readWhole(Buffer.concat([withBytes(LITTLE, 20, linkType), RECORD]));
    assert.deepEqual(records, []);
    return problem;
  };
  assert.deepEqual(refusal(1), { kind: 'link-type', message: `link type 1 is not supported; ${known}` });
  assert.deepEqual(refusal(17), {
    kind: 'link-type',
    message: `link type 17 (pflog before OpenBSD 3.4) is ambiguous and not supported; ${known}`,
  });
});

test('more than 262144 captured bytes are damage, and the records before count', () => {
  const most = Buffer.concat([RECORD.subarray(0, 8), hex('00 00 04 00 00 00 04 00'), Buffer.alloc(262_144)]);
  const tooMany = withBytes(RECORD, 8, 0x01, 0x00, 0x04);
  const { records, problem, offset } = readWhole(Buffer.concat([LITTLE, RECORD, most, tooMany, RECORD]));
  assert.equal(records.length, 2);
  assert.deepEqual(problem, { kind: 'corrupt', message: 'invalid packet capture length 262145' });
  assert.equal(offset, 24 + RECORD.length + most.length);
});

test('a file header where a record would stand begins another capture', () => {
  const later = withBytes(BIG, 20, 0, 0, 0, 239);
  const { records, problem } = readWhole(Buffer.concat([LITTLE, RECORD, later, RECORD_BIG, LITTLE, RECORD]));
  assert.equal(problem, undefined);
  assert.deepEqual(records, [READ, { ...READ, linkType: 239, isLittleEndian: false }, READ]);
});

test('a capture that holds nothing may stand between others', () => {
  const { records, problem } = readWhole(Buffer.concat([LITTLE, BIG, LITTLE, RECORD, BIG]));
  assert.equal(problem, undefined);
  assert.deepEqual(records, [READ]);
});

test('a time with the digits of a magic begins no capture', () => {
  // The year 2055, and a fraction that is no version.
  const record = withBytes(RECORD, 0, 0xd4, 0xc3, 0xb2, 0xa1);
  const { records, problem } = readWhole(Buffer.concat([LITTLE, record, RECORD]));
  assert.equal(problem, undefined);
  assert.deepEqual(
    records.map(({ seconds }) => seconds),
    [0xa1b2c3d4, 1_700_000_000],
  );
});

test('a second capture of a link type that is not read ends the reading there', () => {
  const file = Buffer.concat([LITTLE, RECORD, withBytes(LITTLE, 20, 1), RECORD]);
  const { records, problem, offset } = readWhole(file);
  assert.equal(records.length, 1);
  assert.equal(problem?.kind, 'link-type');
  assert.equal(offset, 24 + RECORD.length);
});
