import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAPTURES, contents } from '../../fixtures/captures.js';
import { decodeIp } from '../../src/wire/ip.js';
import { decodeNflog } from '../../src/wire/nflog.js';
import { decodePflog } from '../../src/wire/pflog.js';
import { decodeRecord, type LogRecord } from '../../src/wire/record.js';
import { SavefileParser } from '../../src/wire/savefile-parser.js';
import { decodeTcp } from '../../src/wire/tcp.js';
import { anyRecord, type RawRecord } from './arbitrary-record.js';

const RUNS = { numRuns: 3000 };

function decode({ linkType, bytes, originalLength, isLittleEndian }: RawRecord): LogRecord {
  return decodeRecord(linkType, bytes, originalLength, isLittleEndian);
}

/** The bytes as part of a larger buffer. */
function inside(bytes: Uint8Array, around: Uint8Array): Uint8Array {
  const buffer = Uint8Array.from([...around, ...bytes, ...around]);
  return buffer.subarray(around.length, around.length + bytes.length);
}

const garbage = fc.uint8Array({ minLength: 1, maxLength: 64 });

test('no record makes a decoder throw, and none without a reason lacks anything', () => {
  fc.assert(
    fc.property(anyRecord, record => {
      const { refusal, packet } = decode(record);
      if (refusal !== undefined) assert.ok(refusal.why.length > 0);
      else assert.ok(packet?.src && packet.dst && packet.protocol !== undefined);
      if (refusal === undefined && packet?.protocol === 6) assert.ok(packet.tcp ?? packet.isLaterFragment);
    }),
    RUNS,
  );
});

test('no bytes make a decoder of another link type throw', () => {
  fc.assert(
    fc.property(anyRecord, ({ bytes, originalLength, isLittleEndian }) => {
      assert.equal(typeof decodePflog(bytes, originalLength, isLittleEndian), 'object');
      assert.equal(typeof decodeNflog(bytes, isLittleEndian), 'object');
    }),
    RUNS,
  );
});

test('a decoded record depends on its own bytes alone', () => {
  fc.assert(
    fc.property(anyRecord, garbage, garbage, (record, one, other) => {
      const within = (around: Uint8Array): LogRecord =>
        decode({ ...record, bytes: inside(record.bytes, around) });
      assert.deepEqual(within(one), within(other));
      assert.deepEqual(within(one), decode(record));
    }),
    RUNS,
  );
});

test('a decoder given a part of a buffer reads that part alone', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(100), garbage, ({ bytes }, from, around) => {
      const packet = bytes.subarray(Math.min(from, bytes.length));
      const buffer = Uint8Array.from([...around, ...packet, ...around]);
      const at = around.length;
      const end = at + packet.length;
      const alone = decodeIp(packet, 0, packet.length);
      const moved = 'payloadOffset' in alone ? { ...alone, payloadOffset: alone.payloadOffset! + at } : alone;
      assert.deepEqual(decodeIp(buffer, at, end), moved);
      assert.deepEqual(decodeTcp(buffer, at, end), decodeTcp(packet, 0, packet.length));
    }),
    RUNS,
  );
});

test('what is behind the flags of TCP changes nothing', () => {
  fc.assert(
    fc.property(anyRecord, fc.uint8Array({ maxLength: 80 }), (record, tail) => {
      const decoded = decode(record);
      const at = decoded.pflog?.payloadOffset;
      fc.pre(at !== undefined && decoded.packet?.tcp !== undefined);
      const ip = decodeIp(record.bytes, at, record.bytes.length);
      assert.ok('payloadOffset' in ip);
      const head = record.bytes.subarray(0, ip.payloadOffset! + 14);
      assert.deepEqual(decode({ ...record, bytes: Uint8Array.from([...head, ...tail]) }), decoded);
    }),
    RUNS,
  );
});

const files = CAPTURES.filter(({ file }) => !file.startsWith('demo')).map(({ bytes }) => contents(bytes));

/** Files with bytes changed, mostly near the beginning, and files of random bytes behind a good beginning. */
const anyFile = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.oneof(fc.nat(64), fc.nat(2000)), fc.nat(255)), { maxLength: 6 }),
    )
    .map(([file, edits]) => {
      const copy = Uint8Array.from(file);
      for (const [at, value] of edits) if (at < copy.length) copy[at] = value;
      return copy;
    }),
  fc
    .tuple(fc.constantFrom(...files), fc.nat(60), fc.uint8Array({ maxLength: 600 }))
    .map(([file, keep, rest]) => Uint8Array.from([...file.subarray(0, keep), ...rest])),
  fc.uint8Array({ maxLength: 200 }),
);

test('no file makes the parser throw, stand still, or give a record outside of what it was fed', () => {
  fc.assert(
    fc.property(anyFile, garbage, (file, around) => {
      const parser = new SavefileParser();
      parser.feed(
        Uint8Array.from([...around, ...file, ...around]),
        around.length,
        around.length + file.length,
      );
      let before = 0;
      while (parser.next()) {
        const { at, end, linkType, seconds, nanoseconds } = parser.cursor;
        assert.ok(around.length <= at && at <= end && end <= around.length + file.length);
        assert.ok(linkType === 117 || linkType === 239);
        assert.ok(Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffffffff);
        assert.ok(Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds < 1e9);
        assert.ok(parser.offset > before);
        before = parser.offset;
      }
      parser.finish();
      assert.ok(parser.problem !== undefined || parser.offset === file.length);
      assert.ok(parser.offset >= before && parser.offset <= file.length);
    }),
    RUNS,
  );
});
