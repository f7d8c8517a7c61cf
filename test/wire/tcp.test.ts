import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTcp, isOpening } from '../../src/wire/tcp.js';
import { hex } from './hex.js';

const SYN = hex('a0 28 00 19  00 00 10 00  00 00 00 00  60 c2');

test('ports and flags, ECN bits included', () => {
  assert.deepEqual(decodeTcp(SYN, 0, 14), { sport: 41_000, dport: 25, flags: 0xc2 });
});

test('14 bytes are enough, and 13 are not', () => {
  assert.deepEqual(decodeTcp(SYN, 0, 13), {
    refused: 'cut-short',
    why: 'too little of the TCP header was captured',
  });
  const inside = Buffer.concat([Buffer.alloc(4, 0xff), SYN, Buffer.alloc(4, 0xff)]);
  assert.deepEqual(decodeTcp(inside, 4, 18), { sport: 41_000, dport: 25, flags: 0xc2 });
  assert.ok('refused' in decodeTcp(inside, 4, 17));
});

test('a connection opens with SYN and without ACK, whatever else is set', () => {
  const opening = Array.from({ length: 256 }, (_, flags) => flags).filter(isOpening);
  assert.equal(opening.length, 64);
  for (const flags of [0x02, 0xc2, 0x06, 0x03]) assert.ok(opening.includes(flags), `${flags}`);
  for (const flags of [0x12, 0x10, 0x00, 0x04, 0xd2]) assert.ok(!opening.includes(flags), `${flags}`);
});
