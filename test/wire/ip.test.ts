import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeIp } from '../../src/wire/ip.js';
import { hex, withBytes } from './hex.js';

const IPV4 = hex(`
  45 00 00 2c                | version 4, 20 bytes of header, 44 in all
  12 34 00 00                | identification, no fragment
  40 06 7c 44                | TTL 64, TCP, checksum
  c6 33 64 07                | 198.51.100.7
  c0 00 02 19                | 192.0.2.25
`);

const IPV6 = hex(`
  60 00 00 00                | version 6
  00 18 06 40                | 24 bytes of payload, TCP, hop limit 64
  20 01 0d b8 00 01 00 00 00 00 00 00 00 00 00 07
  20 01 0d b8 00 25 00 00 00 00 00 00 00 00 00 25
`);
const ADDRESSES6 = { src: '2001:db8:1::7', dst: '2001:db8:25::25' };
const CUT = { refused: 'cut-short', why: 'too little of the packet was captured' };

/** The IPv6 header with another next header, and what follows it. */
function ipv6(nextHeader: number, rest: string): Buffer {
  return Buffer.concat([withBytes(IPV6, 6, nextHeader), hex(rest)]);
}

test('an IPv4 header', () => {
  assert.deepEqual(decodeIp(IPV4, 0, 20), {
    version: 4,
    src: '198.51.100.7',
    dst: '192.0.2.25',
    protocol: 6,
    isLaterFragment: false,
    payloadOffset: 20,
  });
});

test('an IPv4 header with options: up to 60 bytes, of which the first 20 are enough', () => {
  const header = decodeIp(withBytes(IPV4, 0, 0x4f), 0, 20);
  assert.ok('payloadOffset' in header);
  assert.equal(header.payloadOffset, 60);
});

test('an IPv4 fragment is a later one when its offset is not 0, whether more come or not', () => {
  const later = (high: number, low: number): unknown => {
    const header = decodeIp(withBytes(IPV4, 6, high, low), 0, 20);
    return 'isLaterFragment' in header && header.isLaterFragment;
  };
  assert.equal(later(0x20, 0x00), false);
  assert.equal(later(0x40, 0x00), false);
  assert.equal(later(0xe0, 0x00), false);
  assert.equal(later(0x00, 0x01), true);
  assert.equal(later(0x20, 0x03), true);
  assert.equal(later(0x10, 0x00), true);
});

test('an IPv4 header that claims to be shorter than 20 bytes is refused', () => {
  for (const length of [0, 1, 4]) {
    assert.deepEqual(decodeIp(withBytes(IPV4, 0, 0x40 | length), 0, 20), {
      refused: 'ip-header',
      why: `IPv4 header of ${length * 4} bytes`,
    });
  }
});

test('of an IPv4 header that was cut, what is whole is read', () => {
  const cut = { version: 4, refusal: CUT };
  assert.deepEqual(decodeIp(IPV4, 0, 1), cut);
  assert.deepEqual(decodeIp(IPV4, 0, 9), cut);
  assert.deepEqual(decodeIp(IPV4, 0, 10), { ...cut, protocol: 6 });
  assert.deepEqual(decodeIp(IPV4, 0, 15), { ...cut, protocol: 6 });
  assert.deepEqual(decodeIp(IPV4, 0, 16), { ...cut, protocol: 6, src: '198.51.100.7' });
  assert.deepEqual(decodeIp(IPV4, 0, 19), { ...cut, protocol: 6, src: '198.51.100.7' });
});

test('an IPv6 header', () => {
  assert.deepEqual(decodeIp(IPV6, 0, 40), {
    version: 6,
    ...ADDRESSES6,
    protocol: 6,
    isLaterFragment: false,
    payloadOffset: 40,
  });
});

test('of an IPv6 header that was cut, the source is read when it is whole', () => {
  assert.deepEqual(decodeIp(IPV6, 0, 1), { version: 6, refusal: CUT });
  assert.deepEqual(decodeIp(IPV6, 0, 23), { version: 6, refusal: CUT });
  assert.deepEqual(decodeIp(IPV6, 0, 24), { version: 6, src: ADDRESSES6.src, refusal: CUT });
  assert.deepEqual(decodeIp(IPV6, 0, 39), { version: 6, src: ADDRESSES6.src, refusal: CUT });
});

test('IPv6 extension headers are passed over, each with a length of its own kind', () => {
  const chains: [string, Buffer, number][] = [
    ['hop-by-hop of 8', ipv6(0, '06 00 01 04 00 00 00 00'), 48],
    ['destination options of 24', ipv6(60, `06 02 ${'00 '.repeat(22)}`), 64],
    ['routing of 24', ipv6(43, `06 02 04 00 ${'00 '.repeat(20)}`), 64],
    ['authentication of 16, counted by 4', ipv6(51, `06 02 ${'00 '.repeat(14)}`), 56],
    ['fragment header, whose second byte is no length', ipv6(44, '06 ff 00 01 00 00 ab cd'), 48],
    ['hop-by-hop, then destination options', ipv6(0, '3c 00 01 04 00 00 00 00 06 00 01 04 00 00 00 00'), 56],
  ];
  for (const [name, bytes, payloadOffset] of chains) {
    assert.deepEqual(
      decodeIp(bytes, 0, bytes.length),
      { version: 6, ...ADDRESSES6, protocol: 6, isLaterFragment: false, payloadOffset },
      name,
    );
  }
});

test('an IPv6 fragment is a later one when its offset is not 0', () => {
  const bytes = ipv6(44, '06 00 05 a9 00 00 ab cd');
  assert.deepEqual(decodeIp(bytes, 0, bytes.length), {
    version: 6,
    ...ADDRESSES6,
    protocol: 6,
    isLaterFragment: true,
    payloadOffset: 48,
  });
  const first = ipv6(44, '06 00 00 07 00 00 ab cd');
  const header = decodeIp(first, 0, first.length);
  assert.ok('isLaterFragment' in header && !header.isLaterFragment);
});

test('behind a later fragment no extension header is looked for', () => {
  const bytes = ipv6(44, '3c 00 05 a8 00 00 ab cd 06 00 00 00 00 00 00 00');
  const header = decodeIp(bytes, 0, bytes.length);
  assert.ok('protocol' in header);
  assert.equal(header.protocol, 60);
  assert.equal(header.payloadOffset, 48);
});

test('an IPv6 extension header that was cut leaves the protocol unknown', () => {
  const bytes = ipv6(0, '06 00 01 04 00 00 00 00');
  assert.deepEqual(decodeIp(bytes, 0, 47), { version: 6, ...ADDRESSES6, refusal: CUT });
  const long = ipv6(60, '3c 01 01 0c 00 00 00 00');
  assert.deepEqual(decodeIp(long, 0, 48), { version: 6, ...ADDRESSES6, refusal: CUT });
});

test('other headers end the chain: encryption, no next header, mobility', () => {
  for (const protocol of [50, 59, 135, 17, 58]) {
    const bytes = ipv6(protocol, '06 00 00 00 00 00 00 00');
    const header = decodeIp(bytes, 0, bytes.length);
    assert.ok('protocol' in header);
    assert.equal(header.protocol, protocol);
    assert.equal(header.payloadOffset, 40);
  }
});

test('what is neither IPv4 nor IPv6 is refused, and so is nothing', () => {
  assert.deepEqual(decodeIp(hex('05'), 0, 1), { refused: 'ip-header', why: 'IP version 0' });
  assert.deepEqual(decodeIp(hex('ff'), 0, 1), { refused: 'ip-header', why: 'IP version 15' });
  assert.deepEqual(decodeIp(IPV4, 0, 0), CUT);
});

test('a header may lie anywhere in a buffer, and ends where it is told to', () => {
  const bytes = Buffer.concat([Buffer.alloc(3, 0x60), IPV4, Buffer.alloc(5, 0x60)]);
  const header = decodeIp(bytes, 3, 23);
  assert.ok('payloadOffset' in header);
  assert.equal(header.payloadOffset, 23);
  assert.equal(header.dst, '192.0.2.25');
});
