import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  pcapngBlock,
  pcapngInterface,
  pcapngOption,
  pcapngPacket,
  pcapngSection,
} from '../../fixtures/savefile.js';
import { hex, withBytes } from './hex.js';
import { type ReadFile, readWhole } from './read-records.js';

const SECTION = hex(`
  0a 0d 0d 0a  1c 00 00 00           | section header, 28 bytes
  4d 3c 2b 1a  01 00 00 00           | byte order, version 1.0
  ff ff ff ff  ff ff ff ff           | length not told
  1c 00 00 00
`);
const INTERFACE = hex(`
  01 00 00 00  14 00 00 00           | interface, 20 bytes
  75 00 00 00  a0 00 00 00           | pflog, snap length 160
  14 00 00 00
`);
const PACKET = hex(`
  06 00 00 00  24 00 00 00           | enhanced packet, 36 bytes
  00 00 00 00                        | interface 0
  24 0a 06 00  40 22 20 18           | 1700000000.123456 in microseconds, upper half first
  03 00 00 00  a0 00 00 00           | captured 3 of 160
  aa bb cc 00
  24 00 00 00
`);
const READ = {
  seconds: 1_700_000_000,
  nanoseconds: 123_456_000,
  linkType: 117,
  originalLength: 160,
  isLittleEndian: true,
  bytes: 'aabbcc',
};
const SAVED = { bytes: hex('aa bb cc'), originalLength: 160 };

function read(...blocks: Buffer[]): ReadFile {
  return readWhole(Buffer.concat(blocks));
}

function only(...blocks: Buffer[]): object {
  const { records, problem } = read(...blocks);
  assert.equal(problem, undefined);
  assert.equal(records.length, 1);
  return records[0]!;
}

test('section, interface and packet, byte by byte', () => {
  assert.deepEqual(only(SECTION, INTERFACE, PACKET), READ);
});

test('a section of the other byte order', () => {
  const section = hex('0a 0d 0d 0a 00 00 00 1c 1a 2b 3c 4d 00 01 00 00 ff ff ff ff ff ff ff ff 00 00 00 1c');
  const iface = hex('00 00 00 01 00 00 00 14 00 75 00 00 00 00 00 a0 00 00 00 14');
  const packet = hex(`00 00 00 06 00 00 00 24 00 00 00 00 00 06 0a 24 18 20 22 40
    00 00 00 03 00 00 00 a0 aa bb cc 00 00 00 00 24`);
  assert.deepEqual(only(section, iface, packet), { ...READ, isLittleEndian: false });
});

test('the obsolete packet block has an interface number of 16 bits and a count of drops behind it', () => {
  const packet = withBytes(withBytes(PACKET, 0, 2), 10, 0xff, 0xff);
  assert.deepEqual(only(SECTION, INTERFACE, packet), READ);
});

test('options behind a packet are not part of it', () => {
  const comment = pcapngOption(1, Buffer.from('kept'));
  const packet = pcapngPacket(0, 1_700_000_000_123_456n, SAVED, 'little', comment);
  assert.deepEqual(only(SECTION, INTERFACE, packet), READ);
});

/** The time of a packet of an interface with these options, given in the interface's units. */
function time(units: bigint, ...options: Buffer[]): [number, number] {
  const { records } = read(
    SECTION,
    pcapngInterface(117, 'little', ...options),
    pcapngPacket(0, units, SAVED),
  );
  return [records[0]!.seconds, records[0]!.nanoseconds];
}

test('times are in microseconds, or in what if_tsresol says: powers of ten or of two', () => {
  const resolution = (value: number): Buffer => pcapngOption(9, Buffer.from([value]));
  assert.deepEqual(time(1_700_000_000_000_001n), [1_700_000_000, 1000]);
  assert.deepEqual(time(1_700_000_000_000_001n, resolution(6)), [1_700_000_000, 1000]);
  assert.deepEqual(time(1_700_000_000_000_000_001n, resolution(9)), [1_700_000_000, 1]);
  assert.deepEqual(time(1_700_000_000_123n, resolution(3)), [1_700_000_000, 123_000_000]);
  assert.deepEqual(time(1_700_000_000n, resolution(0)), [1_700_000_000, 0]);
  assert.deepEqual(time((1_700_000_000n << 10n) + 512n, resolution(0x8a)), [1_700_000_000, 500_000_000]);
  assert.deepEqual(time(1_700_000_000n, resolution(0x80)), [1_700_000_000, 0]);
  assert.deepEqual(time((1_700_000_000n << 32n) + 1n, resolution(0xa0)), [1_700_000_000, 0]);
  assert.deepEqual(time(2n ** 64n - 1n, resolution(0xff)), [0, 0]);
  assert.deepEqual(time(2n ** 64n - 1n, resolution(127)), [0, 0]);
});

test('if_tsoffset is added to the time, and may be negative', () => {
  const offset = (value: string): Buffer => pcapngOption(14, hex(value));
  assert.deepEqual(time(5_000_001n, offset('00 f1 53 65 00 00 00 00')), [1_700_000_005, 1000]);
  assert.deepEqual(time(1_700_000_060_000_000n, offset('c4 ff ff ff ff ff ff ff')), [1_700_000_000, 0]);
  // Too short to be one.
  assert.deepEqual(time(5_000_000n, offset('00 f1 53 65')), [5, 0]);
});

test('the other options of an interface are passed over, up to the end of options', () => {
  const name = pcapngOption(2, Buffer.from('pflog0'));
  const end = pcapngOption(0, Buffer.alloc(0));
  const seconds = pcapngOption(9, Buffer.from([0]));
  assert.deepEqual(time(1_700_000_000n, name, seconds), [1_700_000_000, 0]);
  assert.deepEqual(time(1_700_000_000n, name, end, seconds), [1700, 0]);
});

test('an option that is longer than its block ends the options', () => {
  const overlong = hex('09 00 10 00 00 00 00 00');
  assert.deepEqual(time(1_700_000_000_000_000n, overlong), [1_700_000_000, 0]);
});

test('interfaces have their own link types', () => {
  const { records } = read(SECTION, INTERFACE, pcapngInterface(239), withBytes(PACKET, 8, 1), PACKET);
  assert.deepEqual(
    records.map(({ linkType }) => linkType),
    [239, 117],
  );
});

test('an interface of a link type that is not read does not matter until it has a packet', () => {
  const { records, problem } = read(SECTION, INTERFACE, pcapngInterface(1), PACKET, withBytes(PACKET, 8, 1));
  assert.equal(records.length, 1);
  assert.deepEqual(problem, {
    kind: 'link-type',
    message: 'link type 1 is not supported; only 117 (pflog) and 239 (NFLOG) are read',
  });
});

test('a new section has interfaces of its own', () => {
  const { records, problem, offset } = read(SECTION, INTERFACE, PACKET, SECTION, PACKET);
  assert.equal(records.length, 1);
  assert.deepEqual(problem, { kind: 'corrupt', message: 'pcapng packet of undeclared interface 0' });
  assert.equal(offset, 28 + 20 + 36 + 28);
});

test('blocks of other kinds are passed over, whatever their size', () => {
  const blocks = [pcapngBlock(5, Buffer.alloc(12)), pcapngBlock(0x0bad, Buffer.alloc(1_000_000, 0x0a))];
  assert.deepEqual(only(SECTION, ...blocks, INTERFACE, ...blocks, PACKET, ...blocks), READ);
});

/** The first packet is good, the block behind it is not. */
function refusal(...blocks: Buffer[]): unknown {
  const { records, problem, offset } = read(SECTION, INTERFACE, PACKET, ...blocks, PACKET);
  assert.equal(records.length, 1);
  assert.equal(offset, 28 + 20 + 36);
  assert.equal(problem?.kind, 'corrupt');
  return problem.message;
}

test('blocks of impossible lengths are damage', () => {
  assert.equal(refusal(withBytes(PACKET, 4, 0)), 'invalid pcapng block length 0');
  assert.equal(refusal(withBytes(PACKET, 4, 8)), 'invalid pcapng block length 8');
  assert.equal(refusal(withBytes(PACKET, 4, 0x25)), 'invalid pcapng block length 37');
  assert.equal(refusal(withBytes(PACKET, 4, 0, 0, 6)), 'pcapng block of 393216 bytes');
  assert.equal(refusal(withBytes(PACKET, 32, 0x28)), 'pcapng block with two different lengths');
});

test('an interface or a packet in a block too short for it is damage', () => {
  assert.equal(refusal(pcapngBlock(1, Buffer.alloc(4))), 'pcapng interface block too short');
  assert.equal(refusal(pcapngBlock(6, Buffer.alloc(16))), 'pcapng packet block too short');
});

test('more interfaces than any program writes are damage, in one section', () => {
  const many = Buffer.concat(new Array<Buffer>(65_535).fill(INTERFACE));
  const last = withBytes(PACKET, 8, 0xff, 0xff);
  assert.deepEqual(only(SECTION, INTERFACE, many, last), READ);
  assert.deepEqual(only(SECTION, INTERFACE, SECTION, INTERFACE, many, last), READ);
  const { problem, offset } = read(SECTION, INTERFACE, many, INTERFACE, last);
  assert.deepEqual(problem, { kind: 'corrupt', message: 'more than 65536 pcapng interfaces' });
  assert.equal(offset, 28 + 65_536 * 20);
});

test('a packet longer than its block is damage', () => {
  assert.equal(refusal(withBytes(PACKET, 20, 5)), 'invalid packet capture length 5');
  assert.equal(
    refusal(withBytes(PACKET, 20, 0xff, 0xff, 0xff, 0xff)),
    'invalid packet capture length 4294967295',
  );
  assert.deepEqual(only(SECTION, INTERFACE, withBytes(PACKET, 20, 4)), { ...READ, bytes: 'aabbcc00' });
});

test('more than 262144 captured bytes are damage', () => {
  const packet = (size: number): Buffer =>
    pcapngPacket(0, 0n, { bytes: Buffer.alloc(size), originalLength: size });
  assert.equal(refusal(packet(262_145)), 'invalid packet capture length 262145');
  assert.equal(read(SECTION, INTERFACE, packet(262_144)).records.length, 1);
});

test('a simple packet, which has no time, is refused', () => {
  assert.equal(refusal(pcapngBlock(3, Buffer.alloc(8))), 'pcapng simple packet block, which has no time');
});

test('a section without a byte-order magic is refused', () => {
  assert.equal(refusal(withBytes(pcapngSection(), 8, 0)), 'pcapng section without a byte-order magic');
});

test('a file that ends inside a block, of whatever kind, is told from one that ends behind it', () => {
  const start = 28 + 20;
  for (const block of [PACKET, INTERFACE, pcapngBlock(0x0bad, Buffer.alloc(40))]) {
    for (let size = 1; size < block.length; size++) {
      const { records, problem } = read(SECTION, INTERFACE, block.subarray(0, size));
      assert.equal(records.length, 0);
      assert.deepEqual(
        problem,
        { kind: 'truncated', message: `ends inside a record that begins at byte ${start}` },
        `${size} bytes of a block of type ${block[0]}`,
      );
    }
    assert.equal(read(SECTION, INTERFACE, block).problem, undefined);
  }
});
