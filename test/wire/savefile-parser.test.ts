import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAPTURES, contents } from '../../fixtures/captures.js';
import { SavefileParser } from '../../src/wire/savefile-parser.js';
import { drain, type ReadRecord, readPieces, readWhole } from './read-records.js';

const FILES = CAPTURES.filter(({ file }) => !file.startsWith('demo')).map(({ file, bytes }) => ({
  file,
  bytes: new Uint8Array(contents(bytes)),
}));

const file = fc.constantFrom(...FILES);

test('a file gives the same in any pieces as in one', () => {
  fc.assert(
    fc.property(file, fc.array(fc.nat(1000), { maxLength: 12 }), ({ bytes }, sizes) => {
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const size of sizes) {
        pieces.push(bytes.slice(at, at + size));
        at = Math.min(at + size, bytes.length);
      }
      pieces.push(bytes.slice(at));
      assert.deepEqual(readPieces(pieces), readWhole(bytes));
    }),
    { numRuns: 500 },
  );
});

test('a file gives the same byte by byte', () => {
  for (const { file: name, bytes } of FILES) {
    const single = Array.from(bytes, byte => Uint8Array.of(byte));
    assert.deepEqual(readPieces(single), readWhole(bytes), name);
  }
});

test('what a piece leaves over is put before the next, into its room or into a new buffer', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(file, sizes, fc.nat(600), fc.nat(50), ({ bytes }, steps, headroom, behind) => {
      const parser = new SavefileParser();
      const records: ReadRecord[] = [];
      // Two buffers in turn, as the reader of files uses them, with what they held before still in them.
      const buffers = [0, 1].map(() => new Uint8Array(headroom + 400 + behind).fill(0xa1));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = Math.min(steps[i % steps.length]!, bytes.length - at);
        const buffer = buffers[i % 2]!;
        buffer.set(bytes.subarray(at, at + size), headroom);
        parser.feed(buffer, headroom, headroom + size);
        drain(parser, records);
        at += size;
      }
      parser.finish();
      const { problem, offset } = parser;
      assert.deepEqual({ records, problem, offset }, readWhole(bytes));
    }),
    { numRuns: 500 },
  );
});

test('bytes outside of the piece are not read', () => {
  fc.assert(
    fc.property(file, fc.nat(2000), fc.uint8Array({ maxLength: 80 }), ({ bytes }, size, around) => {
      const piece = bytes.subarray(0, size);
      const buffer = new Uint8Array([...around, ...piece, ...around]);
      const parser = new SavefileParser();
      const records: ReadRecord[] = [];
      parser.feed(buffer, around.length, around.length + piece.length);
      drain(parser, records);
      parser.finish();
      const { problem, offset } = parser;
      assert.deepEqual({ records, problem, offset }, readWhole(piece));
    }),
    { numRuns: 500 },
  );
});

test('the end of the file between records is no problem, and inside of one it is, wherever', () => {
  for (const { file: name, bytes } of FILES) {
    const { records, problem } = readWhole(bytes);
    if (problem !== undefined) continue;
    for (let size = 0; size < bytes.length; size++) {
      const part = readWhole(bytes.subarray(0, size));
      assert.ok(part.records.length <= records.length, name);
      assert.deepEqual(part.records, records.slice(0, part.records.length), name);
      if (part.problem !== undefined)
        assert.equal(part.problem.kind, size === 0 ? 'empty' : 'truncated', `${name} ${size}`);
      else assert.equal(part.offset, size, name);
    }
  }
});

test('nothing at all is an empty file', () => {
  assert.deepEqual(readPieces([]), {
    records: [],
    problem: { kind: 'empty', message: 'is empty' },
    offset: 0,
  });
  assert.deepEqual(readPieces([new Uint8Array(0), new Uint8Array(0)]).problem, {
    kind: 'empty',
    message: 'is empty',
  });
});

test('fewer bytes than a magic has are a file header that is cut', () => {
  assert.deepEqual(readWhole(Uint8Array.of(0xd4, 0xc3, 0xb2)).problem, {
    kind: 'truncated',
    message: 'ends inside the file header that begins at byte 0',
  });
});

test('an unknown format is told from the first four bytes on', () => {
  const parser = new SavefileParser();
  parser.feed(Buffer.from('%PD'));
  assert.equal(parser.next(), false);
  assert.equal(parser.problem, undefined);
  parser.feed(Buffer.from('F'));
  assert.equal(parser.next(), false);
  assert.deepEqual(parser.problem, {
    kind: 'format',
    message: 'is not a capture file (unknown file format)',
  });
});

test('after a problem there are no more records, and the end of the file changes nothing', () => {
  const parser = new SavefileParser();
  parser.feed(Buffer.from('not a capture'));
  assert.equal(parser.next(), false);
  const { problem } = parser;
  const { bytes } = FILES.find(({ file: name }) => name === 'format-usec-little.pcap')!;
  parser.feed(bytes);
  assert.equal(parser.next(), false);
  parser.finish();
  assert.equal(parser.problem, problem);
});

test('the offset counts the bytes of the file that were read, whatever the pieces', () => {
  const { bytes } = FILES.find(({ file: name }) => name === 'format-usec-little.pcap')!;
  const parser = new SavefileParser();
  parser.feed(bytes.slice(0, 30));
  parser.next();
  assert.equal(parser.offset, 24);
  parser.feed(bytes.slice(30, 190));
  assert.equal(parser.next(), true);
  assert.equal(parser.offset, 24 + 16 + 144);
  assert.equal(parser.next(), false);
  assert.equal(parser.offset, 24 + 16 + 144);
  parser.feed(bytes.slice(190));
  while (parser.next());
  assert.equal(parser.offset, bytes.length);
});
