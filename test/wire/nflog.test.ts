import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesAreLittleEndian, decodeNflog, type NflogHeader } from '../../src/wire/nflog.js';
import { hex, withBytes } from './hex.js';

const PACKET = '45 00 00 14 00 00 00 00 40 06 00 00 c6 33 64 07 c0 00 02 19';

/** With all attributes that are read, and others among them. */
const FULL = hex(`
  02 00 00 05                                         | AF_INET, version 0, group 5
  08 00 01 00  08 00 01 00                            | packet header: IPv4, hook 1
  0f 00 0a 00  73 70 61 6d 6c 6f 67 64 2d 69 00  00   | prefix "spamlogd-i" and NUL, padding
  08 00 04 00  00 00 00 02                            | interface in 2
  08 00 05 00  00 00 01 03                            | interface out 259
  0a 00 0f 00  00 01 00 00 00 00                      | hardware type, of another length than the kernel's
  00 00                                               | its padding
  14 00 03 00  00 00 00 00 65 53 f1 00 00 00 00 00 00 00 00 00   | time
  08 00 12 80  00 00 00 00                            | connection tracking, nested
  18 00 09 00                                         | the packet
  ${PACKET}
`);

function decode(bytes: Buffer, isLittleEndian = true): NflogHeader {
  const header = decodeNflog(bytes, isLittleEndian);
  assert.ok(!('refused' in header), `refused: ${JSON.stringify(header)}`);
  return header;
}

test('every attribute that is read, among others that are not', () => {
  assert.deepEqual(decode(FULL), {
    family: 2,
    version: 0,
    resourceId: 5,
    hook: 1,
    prefix: 'spamlogd-i',
    indev: 2,
    outdev: 259,
    payloadOffset: 88,
    payloadEnd: 108,
  });
});

test('attributes of a big-endian host; the group is in network order always', () => {
  const bytes = hex(`
    0a 00 01 02                      | AF_INET6, group 258
    00 08 00 01  86 dd 03 00         | hook 3
    00 08 00 05  00 00 00 02         | interface out
    00 05 00 0a  00 00 00 00         | an empty prefix
    00 0c 00 09  60 00 00 00 00 00 06 40`);
  assert.deepEqual(decode(bytes, false), {
    family: 10,
    version: 0,
    resourceId: 258,
    hook: 3,
    outdev: 2,
    prefix: '',
    payloadOffset: 32,
    payloadEnd: 40,
  });
});

test('the first attribute shows that a file was written in another byte order than its records', () => {
  assert.deepEqual(decode(FULL, false), decode(FULL, true));
  assert.equal(attributesAreLittleEndian(FULL, 4, FULL.length, false), true);
  assert.equal(attributesAreLittleEndian(hex('00 08 00 01'), 0, 4, true), false);
  assert.equal(attributesAreLittleEndian(hex('00 08 00 01'), 0, 3, true), true);
  assert.equal(attributesAreLittleEndian(hex('00 09 00 01'), 0, 4, true), true);
});

test('the flag bits of a type are not part of it', () => {
  const bytes = hex('02 00 00 00  08 00 01 00 00 00 03 00  05 00 0a c0 00 00 00 00  08 00 09 40 45 00 00 14');
  assert.deepEqual(decode(bytes), {
    family: 2,
    version: 0,
    resourceId: 0,
    hook: 3,
    prefix: '',
    payloadOffset: 24,
    payloadEnd: 28,
  });
});

test('attributes too short for what they are to hold are passed over', () => {
  const bytes = hex(`
    02 00 00 00
    06 00 01 00  08 00 00 00         | packet header without a hook
    06 00 04 00  00 00 00 00         | interface of two bytes
    04 00 05 00                      | interface of none
    04 00 0a 00                      | prefix of none
    04 00 09 00                      | packet of none`);
  assert.deepEqual(decode(bytes), {
    family: 2,
    version: 0,
    resourceId: 0,
    prefix: '',
    payloadOffset: 32,
    payloadEnd: 32,
  });
});

test('a prefix need not end with NUL', () => {
  assert.equal(decode(hex('02 00 00 00  07 00 0a 00 61 62 63 64  04 00 09 00')).prefix, 'abc');
});

test('what stands behind the packet is not looked at', () => {
  const bytes = Buffer.concat([FULL, hex('01 00 ff')]);
  assert.deepEqual(decode(bytes), decode(FULL));
});

test('a record too short for its fixed header is refused', () => {
  assert.deepEqual(decodeNflog(Buffer.alloc(0), true), { refused: 'empty', why: 'empty record' });
  assert.deepEqual(decodeNflog(FULL.subarray(0, 3), true), {
    refused: 'header-cut',
    why: 'NFLOG header larger than caplen (4/3)',
  });
});

test('a version that is not 0 is refused', () => {
  const refusal = { refused: 'header-version', why: 'NFLOG version 1' };
  assert.deepEqual(decode(withBytes(FULL, 1, 1)), { family: 2, version: 1, refusal });
});

test('an attribute shorter than its own head, or longer than the record, is refused where it is', () => {
  const read = { family: 2, version: 0, resourceId: 5, hook: 1 };
  const refusalAt = (at: number, end: number): object => ({
    refused: 'bad-attribute',
    why: `NFLOG attribute at byte ${at} of ${end}`,
  });
  assert.deepEqual(decode(withBytes(FULL, 12, 3, 0)), { ...read, refusal: refusalAt(12, 108) });
  assert.deepEqual(decode(withBytes(FULL, 12, 97, 0)), { ...read, refusal: refusalAt(12, 108) });
  assert.deepEqual(decode(FULL.subarray(0, 15)), { ...read, refusal: refusalAt(12, 15) });
  assert.deepEqual(decode(FULL.subarray(0, 107)).refusal, refusalAt(84, 107));
});

test('an attribute that ends exactly with the record is whole, its padding need not be there', () => {
  const bytes = hex('02 00 00 00  07 00 0a 00 61 62 63');
  const refusal = { refused: 'no-payload', why: 'no packet in the NFLOG record' };
  assert.deepEqual(decode(bytes), { family: 2, version: 0, resourceId: 0, prefix: 'abc', refusal });
});

test('a record without a packet, and one that is not of IP, are told apart', () => {
  const base = { version: 0, resourceId: 5 };
  const none = { refused: 'no-payload', why: 'no packet in the NFLOG record' };
  assert.deepEqual(decode(FULL.subarray(0, 4)), { family: 2, ...base, refusal: none });
  const other = { refused: 'other-family', why: 'address family 7' };
  assert.deepEqual(decode(withBytes(FULL.subarray(0, 4), 0, 7)), { family: 7, ...base, refusal: other });
  const { refusal, payloadOffset } = decode(withBytes(FULL, 0, 3));
  assert.deepEqual(
    { refusal, payloadOffset },
    {
      refusal: { refused: 'other-family', why: 'address family 3' },
      payloadOffset: 88,
    },
  );
});
