import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodePflog,
  directionOffset,
  ipVersion,
  type PflogHeader,
  subruleNumber,
} from '../../src/wire/pflog.js';
import { hex, withBytes } from './hex.js';

/** The first 44 bytes of a header, the same in all variants; the length comes before. */
const COMMON = `
  02 00 00                                          | AF_INET, pass, match
  65 6d 31 32 00 00 00 00 00 00 00 00 00 00 00 00   | "em12"
  6d 61 69 6c 00 78 00 00 00 00 00 00 00 00 00 00   | "mail", and a byte behind the NUL that does not count
  00 00 01 02  00 00 03 04                          | rule 258, rule 772 of the anchor
`;
const DECODED = {
  af: 2,
  action: 0,
  reason: 0,
  ifname: 'em12',
  ruleset: 'mail',
  rulenr: 258,
  subrulenr: 772,
};

const IDS = `
  ff ff ff ff  a0 86 01 00                          | user none, process NO_PID
  4e 00 00 00  0d c0 00 00                          | rule made by user 78, process 49165
`;
const DECODED_IDS = { uid: 0xffffffff, pid: 100_000, ruleUid: 78, rulePid: 49_165 };

/** What stands behind the header: enough of an IPv4 header to be recognised, 20 bytes of packet. */
const PACKET = '45 00 00 14 00 00 00 00 40 06 00 00 c6 33 64 07 c0 00 02 19';

function decode(bytes: Buffer, originalLength: number = bytes.length, isLittleEndian = true): PflogHeader {
  const header = decodePflog(bytes, originalLength, isLittleEndian);
  assert.ok(!('refused' in header), `refused: ${JSON.stringify(header)}`);
  return header;
}

test('a header of 45 bytes, as OpenBSD 3.4 wrote, has the direction at byte 44', () => {
  const bytes = hex(`2d ${COMMON} 01 00 00 00 ${PACKET}`);
  assert.deepEqual(decode(bytes), { length: 45, ...DECODED, dir: 1, payloadOffset: 48 });
});

test('a header of 49 bytes, as OPNsense wrote, has a rule identifier before the direction', () => {
  const bytes = hex(`31 ${COMMON} 3b 9a ca 67  02 00 00 00 ${PACKET}`);
  assert.deepEqual(decode(bytes), {
    length: 49,
    ...DECODED,
    dir: 2,
    ridentifier: 1_000_000_103,
    payloadOffset: 52,
  });
});

test('a header of 61 bytes, as OpenBSD 3.8 wrote, has four ids before the direction', () => {
  const bytes = hex(`3d ${COMMON} ${IDS} 01 00 00 00 ${PACKET}`);
  assert.deepEqual(decode(bytes), { length: 61, ...DECODED, dir: 1, ...DECODED_IDS, payloadOffset: 64 });
});

test('a header of 68 bytes, as pfSense wrote, is padded to 76, which the packet length tells', () => {
  const bytes = hex(`44 ${COMMON} ${IDS} 02 00 00 00  00 00 00 19  00 00 00 00 00 00 00 00 ${PACKET}`);
  assert.deepEqual(decode(bytes), {
    length: 68,
    ...DECODED,
    dir: 2,
    ...DECODED_IDS,
    ridentifier: 25,
    payloadOffset: 76,
  });
});

test('a header of 69 bytes, as FreeBSD 13.1 writes, has the rule identifier behind the direction', () => {
  const bytes = hex(`45 ${COMMON} ${IDS} 01 00 00 00  00 00 00 1a  00 00 00 00 ${PACKET}`);
  assert.deepEqual(decode(bytes), {
    length: 69,
    ...DECODED,
    dir: 1,
    ...DECODED_IDS,
    ridentifier: 26,
    payloadOffset: 72,
  });
});

/** Bytes 64 to 99: the other side of a translation. */
const ADDRESSES = `
  c6 33 64 07 00 00 00 00 00 00 00 00 00 00 00 00   | 198.51.100.7
  7f 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00   | 127.0.0.1
  a0 28  1f 59                                      | ports 41000, 8025
`;

test('a header of 100 bytes, as OpenBSD writes, has the addresses of a translation and their family', () => {
  const bytes = hex(`64 ${COMMON} ${IDS} 01 01 02 00 ${ADDRESSES} ${PACKET}`);
  assert.deepEqual(decode(bytes), {
    length: 100,
    ...DECODED,
    dir: 1,
    ...DECODED_IDS,
    rewritten: 1,
    naf: 2,
    saddr: '198.51.100.7',
    daddr: '127.0.0.1',
    sport: 41_000,
    dport: 8025,
    payloadOffset: 100,
  });
});

test('addresses of a family that is not told, as in OpenBSD 4.9, are of the packet', () => {
  const bytes = hex(`64 ${COMMON} ${IDS} 01 01 00 00 ${ADDRESSES} ${PACKET}`);
  const { naf, saddr, daddr } = decode(bytes);
  assert.deepEqual({ naf, saddr, daddr }, { naf: 0, saddr: '198.51.100.7', daddr: '127.0.0.1' });
});

test('addresses of the other family than the packet are read as what they are', () => {
  const bytes = hex(`64 ${COMMON} ${IDS} 01 01 18 00
    20 01 0d b8 00 64 00 00 00 00 00 00 00 00 00 01
    20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 19
    c3 52  00 19 ${PACKET}`);
  const { af, naf, saddr, daddr, sport, dport } = decode(bytes);
  assert.deepEqual(
    { af, naf, saddr, daddr, sport, dport },
    { af: 2, naf: 24, saddr: '2001:db8:64::1', daddr: '2001:db8::19', sport: 50_002, dport: 25 },
  );
});

test('the ids of a big-endian host are in the byte order of its file', () => {
  const ids = '00 00 00 4e  00 00 12 67  00 00 00 00  00 00 43 8d';
  const bytes = hex(`3d ${COMMON} ${ids} 01 00 00 00 ${PACKET}`);
  const { uid, pid, ruleUid, rulePid } = decode(bytes, bytes.length, false);
  assert.deepEqual({ uid, pid, ruleUid, rulePid }, { uid: 78, pid: 4711, ruleUid: 0, rulePid: 17_293 });
});

test("process ids that no system has show that the ids are not in the file's byte order", () => {
  const bytes = hex(`3d ${COMMON} ${IDS} 01 00 00 00 ${PACKET}`);
  const { uid, pid, ruleUid, rulePid } = decode(bytes, bytes.length, false);
  assert.deepEqual({ uid, pid, ruleUid, rulePid }, DECODED_IDS);
});

test("process ids that are impossible in both byte orders are read in the file's", () => {
  const bytes = hex(`3d ${COMMON} 00 00 00 00  11 22 33 44  00 00 00 00  00 00 00 00 01 00 00 00 ${PACKET}`);
  assert.equal(decode(bytes, bytes.length, true).pid, 0x44332211);
  assert.equal(decode(bytes, bytes.length, false).pid, 0x11223344);
});

test('names may fill their 16 bytes', () => {
  const bytes = hex(`2d 02 00 00
    76 65 74 68 65 72 31 32 33 34 35 36 37 38 39 30
    61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70
    00 00 00 00 ff ff ff ff 01 00 00 00 ${PACKET}`);
  const { ifname, ruleset } = decode(bytes);
  assert.equal(ifname, 'vether1234567890');
  assert.equal(ruleset, 'abcdefghijklmnop');
});

const PLAIN = hex(`64 ${COMMON} ${IDS} 01 00 02 00 ${ADDRESSES} ${PACKET}`);

test('a header is refused that is empty, shorter than any system writes, or longer than what was captured', () => {
  const refusal = (bytes: Buffer): unknown => decodePflog(bytes, 120, true);
  assert.deepEqual(refusal(Buffer.alloc(0)), { refused: 'empty', why: 'empty record' });
  assert.deepEqual(refusal(withBytes(PLAIN, 0, 44)), {
    refused: 'header-length',
    why: 'invalid pflog header length (44/45)',
  });
  assert.deepEqual(refusal(withBytes(PLAIN, 0, 0)), {
    refused: 'header-length',
    why: 'invalid pflog header length (0/45)',
  });
  assert.deepEqual(refusal(PLAIN.subarray(0, 99)), {
    refused: 'header-cut',
    why: 'pflog header larger than caplen (100/99)',
  });
  assert.deepEqual(refusal(PLAIN.subarray(0, 1)), {
    refused: 'header-cut',
    why: 'pflog header larger than caplen (100/1)',
  });
});

test('header lengths of 253 to 255 are rounded up to 256, not around to 0', () => {
  for (const length of [253, 254, 255]) {
    assert.deepEqual(decodePflog(withBytes(PLAIN, 0, length), 120, true), {
      refused: 'header-cut',
      why: 'pflog header larger than caplen (256/120)',
    });
  }
});

test('a packet that was cut off altogether still has a place', () => {
  assert.equal(decode(PLAIN.subarray(0, 100), 120).payloadOffset, 100);
});

test('an address family that is neither IPv4 nor IPv6 is refused, with the header as far as it goes', () => {
  const { payloadOffset: _, ...rest } = decode(PLAIN);
  for (const af of [0, 1, 10, 18, 27, 255]) {
    const header = decode(withBytes(PLAIN, 1, af));
    const refusal = { refused: 'other-family', why: `address family ${af}` };
    assert.deepEqual(header, { ...rest, af, refusal });
  }
});

test('AF_INET6 of every system is IPv6 on every machine', () => {
  assert.deepEqual([2, 24, 28, 30].map(ipVersion), [4, 6, 6, 6]);
  for (const af of [24, 28, 30]) {
    const bytes = withBytes(withBytes(PLAIN, 1, af), 100, 0x60);
    assert.equal(decode(bytes).payloadOffset, 100, `family ${af}`);
  }
});

test('the direction is at 44, 48 or 60, by the length of the header', () => {
  const offsets = [45, 48, 49, 60, 61, 68, 69, 100, 252].map(directionOffset);
  assert.deepEqual(offsets, [44, 44, 48, 48, 60, 60, 60, 60, 60]);
});

test('no rule in an anchor is all ones, or what FreeBSD 9 wrote', () => {
  assert.equal(subruleNumber(0xffffffff), undefined);
  assert.equal(subruleNumber(0x01000000), undefined);
  assert.equal(subruleNumber(0), 0);
  assert.equal(subruleNumber(0x00ffffff), 0x00ffffff);
});
