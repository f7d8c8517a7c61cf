import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SyncEntry } from '../../src/wire/sync-message.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import { SYNC_MAX_ADDRESSES } from '../../src/wire/sync-message-layout.js';
import { dottedQuad } from '../sync/helpers.js';

const NO_KEY = Buffer.alloc(0);
/** SHA-1 of a key file that holds "secret\n". */
const SECRET = Buffer.from('fc683cd9ed1990ca2ea10b84e5e6fba048c24929');

const WHITE: SyncEntry = {
  kind: 'white',
  timestamp: 1700000000,
  expire: 1703110400,
  address: dottedQuad('192.0.2.25'),
};

/** Sent by OpenBSD's sync.c for that entry: key, counter, bytes. */
const SENT_BY_SPAMD: [Buffer, number, string][] = [
  [
    NO_KEY,
    0,
    '0202003400000000069d66bad8866b892224d1b41dd572a5de2e50fd00000000000200106553f10065836700c000021900000004',
  ],
  [
    SECRET,
    0,
    '02020034000000007589772b830cddf751b7f7f7372644593a9a5afa00000000000200106553f10065836700c000021900000004',
  ],
  [
    NO_KEY,
    1,
    '0202003400000001c0bab137c7bf1d028b056a73e967d2671db5b94900000000000200106553f10065836700c000021900000004',
  ],
  [
    SECRET,
    1,
    '020200340000000105d072b8c768c566ab99842d9f0e725a46ea3cb200000000000200106553f10065836700c000021900000004',
  ],
];

/** A message around the given bytes of entries, made from the protocol's description alone. */
function makeMessage(entries: string, key: Buffer = SECRET, length?: number): Buffer {
  const body = Buffer.from(entries.replaceAll(' ', ''), 'hex');
  const message = Buffer.concat([Buffer.from([2, 2, 0, 0, 0, 0, 0, 7]), Buffer.alloc(24), body]);
  message.writeUInt16BE(length ?? message.length, 2);
  createHmac('sha1', key).update(message).digest().copy(message, 8);
  return message;
}

const WHITE_HEX = '0002 0010 6553f100 65836700 c0000219';
const END_HEX = '0000 0004';

test("OpenBSD's own datagrams are made and read byte for byte", () => {
  for (const [key, counter, hex] of SENT_BY_SPAMD) {
    assert.equal(encodeSyncMessage({ counter, entries: [WHITE] }, key).toString('hex'), hex);
    assert.deepEqual(decodeSyncMessage(Buffer.from(hex, 'hex'), key), { counter, entries: [WHITE] });
  }
});

test("greyd's key of forty-one bytes, the text with its NUL or all zero, is the same key", () => {
  const message = { counter: 3, entries: [WHITE] };
  const withNul = Buffer.concat([SECRET, Buffer.alloc(1)]);
  assert.deepEqual(decodeSyncMessage(encodeSyncMessage(message, withNul), SECRET), message);
  assert.deepEqual(decodeSyncMessage(encodeSyncMessage(message, NO_KEY), Buffer.alloc(41)), message);
});

test('eighty-five addresses fit into one datagram, and no more', () => {
  const entries = Array.from({ length: 85 }, (_, i) => ({ ...WHITE, address: i }));
  assert.equal(SYNC_MAX_ADDRESSES, 85);
  const bytes = encodeSyncMessage({ counter: 0, entries }, SECRET);
  assert.equal(bytes.length, 1396);
  assert.deepEqual(decodeSyncMessage(bytes, SECRET), { counter: 0, entries });
  assert.throws(() => encodeSyncMessage({ counter: 0, entries: [...entries, WHITE] }, SECRET), {
    name: 'RangeError',
    message: 'Cannot encode a sync message of 1412 bytes: at most 1408 are read',
  });
});

test('trapped entries and deletions are of their own types', () => {
  const kinds = ['trapped', 'white-deleted', 'trapped-deleted'] as const;
  const bytes = encodeSyncMessage({ counter: 0, entries: kinds.map(kind => ({ ...WHITE, kind })) }, SECRET);
  assert.deepEqual([bytes.readUInt16BE(32), bytes.readUInt16BE(48), bytes.readUInt16BE(64)], [3, 4, 5]);
});

test('a GREY entry is laid out as spamd does: packed, with NULs, up to a multiple of sixteen', () => {
  const grey: SyncEntry = {
    kind: 'grey',
    timestamp: 1700000000,
    address: dottedQuad('198.51.100.7'),
    from: '<a@b.c>',
    to: '<d@e.f>',
    helo: 'mx',
  };
  const bytes = encodeSyncMessage({ counter: 0, entries: [grey] }, SECRET);
  const expected =
    '0001 0030 6553f100 c6336407 0008 0008 0003' +
    '3c61 4062 2e63 3e00 3c64 4065 2e66 3e00 6d78 00 0000 0000 0000 0000 0000 00' +
    END_HEX;
  assert.equal(bytes.subarray(32).toString('hex'), expected.replaceAll(' ', ''));
  assert.deepEqual(decodeSyncMessage(bytes, SECRET), { counter: 0, entries: [grey] });
});

test("a GREY entry is read as greyd's compiler pads it, too", () => {
  const strings: [from: string, to: string, helo: string][] = [
    ['<a@b.c>', '<d@e.f>', 'mx'],
    ['', '<d@e.f>', 'mx'],
    ['', '', 'mx'],
    ['', '', ''],
  ];
  for (const [from, to, helo] of strings) {
    const fixed = Buffer.from('0001 0000 6553f100 c6336407 0000 0000 0000 0000'.replaceAll(' ', ''), 'hex');
    [from, to, helo].forEach((text, i) => {
      fixed.writeUInt16BE(text.length + 1, 12 + 2 * i);
    });
    const used = Buffer.concat([fixed, Buffer.from(`${from}\0${to}\0${helo}\0`)]);
    const entry = Buffer.concat([used, Buffer.alloc(-used.length & 15)]);
    entry.writeUInt16BE(entry.length, 2);
    assert.deepEqual(decodeSyncMessage(makeMessage(entry.toString('hex') + END_HEX), SECRET), {
      counter: 7,
      entries: [{ kind: 'grey', timestamp: 1700000000, address: dottedQuad('198.51.100.7'), from, to, helo }],
    });
  }
});

test('a GREY entry that is no string of bytes is not made', () => {
  const grey = { kind: 'grey', timestamp: 0, address: 0, from: '', to: '' } as const;
  for (const helo of ['a\0b', '€']) {
    assert.throws(() => encodeSyncMessage({ counter: 0, entries: [{ ...grey, helo }] }, SECRET), RangeError);
  }
});

test('whatever is not exactly one message is refused with the reason', () => {
  const white = makeMessage(WHITE_HEX + END_HEX);
  const changed = (offset: number, value: number): Buffer => {
    const copy = Buffer.from(white);
    copy[offset] = value;
    return copy;
  };
  const refused: [string, Buffer, string][] = [
    ['nothing', Buffer.alloc(0), 'too-short'],
    ['a header alone', makeMessage(''), 'too-short'],
    ['more than receivers read', Buffer.alloc(1409, 2), 'too-long'],
    ['version 1', changed(0, 1), 'wrong-version'],
    ['IPv6', changed(1, 24), 'wrong-family'],
    ['cut', white.subarray(0, 51), 'wrong-length'],
    ['bytes behind it', Buffer.concat([white, Buffer.alloc(1)]), 'wrong-length'],
    ['a length of 0', makeMessage(WHITE_HEX + END_HEX, SECRET, 0), 'wrong-length'],
    ['another key', makeMessage(WHITE_HEX + END_HEX, NO_KEY), 'wrong-hmac'],
    ['an entry of length 0', makeMessage('0002 0000 6553f100'), 'bad-entry'],
    ['an entry shorter than its header', makeMessage('0002 0003 6553f100'), 'bad-entry'],
    ['an entry that ends after the message', makeMessage('0002 0010 6553f100'), 'bad-entry'],
    ['a WHITE entry of 20 bytes', makeMessage(`0002 0014 ${'00'.repeat(16)}${END_HEX}`), 'bad-entry'],
    ['half an entry header', makeMessage(`${WHITE_HEX}0000`), 'bad-entry'],
    ['a GREY entry of 16 bytes', makeMessage(`0001 0010 ${'00'.repeat(12)}${END_HEX}`), 'bad-entry'],
    ['strings longer than their entry', makeMessage(greyHex('ffff ffff ffff')), 'bad-entry'],
    ['strings of no length', makeMessage(greyHex('0000 0000 0000')), 'bad-entry'],
    ['a type of the future', makeMessage(`0006 0004${END_HEX}`), 'unknown-type'],
    ['no END', makeMessage(WHITE_HEX), 'no-end'],
    ['an END of 8 bytes', makeMessage('0000 0008 00000000'), 'bad-entry'],
    ['an entry after END', makeMessage(END_HEX + WHITE_HEX + END_HEX), 'after-end'],
    ['two ENDs', makeMessage(END_HEX + END_HEX), 'after-end'],
  ];
  for (const [what, bytes, reason] of refused) assert.equal(decodeSyncMessage(bytes, SECRET), reason, what);
});

function greyHex(lengths: string): string {
  return `0001 0020 6553f100 c6336407 ${lengths} ${'00'.repeat(14)}${END_HEX}`;
}

test('a message of END alone has no entries', () => {
  assert.deepEqual(decodeSyncMessage(makeMessage(END_HEX), SECRET), { counter: 7, entries: [] });
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const text = fc
  .uint8Array({ maxLength: 60 })
  .map(bytes => Buffer.from(bytes.map(byte => byte || 1)).toString('latin1'));
const plain = { noNullPrototype: true };
const entry: fc.Arbitrary<SyncEntry> = fc.oneof(
  fc.record(
    {
      kind: fc.constantFrom('white', 'trapped', 'white-deleted', 'trapped-deleted' as const),
      timestamp: word,
      expire: word,
      address: word,
    },
    plain,
  ),
  fc.record(
    { kind: fc.constant('grey' as const), timestamp: word, address: word, from: text, to: text, helo: text },
    plain,
  ),
);
const message = fc.record({ counter: word, entries: fc.array(entry, { maxLength: 6 }) }, plain);
const key = fc.uint8Array({ maxLength: 100 });

test('every message comes back from its bytes', () => {
  fc.assert(
    fc.property(message, key, (value, secret) => {
      assert.deepEqual(decodeSyncMessage(encodeSyncMessage(value, secret), secret), value);
    }),
  );
});

test('a message with any one bit flipped is refused', () => {
  fc.assert(
    fc.property(message, fc.nat(), (value, bit) => {
      const bytes = encodeSyncMessage(value, SECRET);
      const at = bit % (bytes.length * 8);
      bytes[at >> 3]! ^= 1 << (at & 7);
      assert.equal(typeof decodeSyncMessage(bytes, SECRET), 'string');
    }),
    { numRuns: 1000 },
  );
});

test('no string of bytes makes the decoder throw, not even with the right HMAC', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(fc.constantFrom(0, 1, 2, 3, 4, 16, 18, 32), { maxLength: 120 })
      .map(list => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(hostile, body => {
      assert.ok(decodeSyncMessage(body, SECRET) !== undefined);
      assert.ok(decodeSyncMessage(makeMessage(Buffer.from(body).toString('hex')), SECRET) !== undefined);
    }),
    { numRuns: 2000 },
  );
});
