// Records for property tests: those of the fixtures, the same with bytes changed, and random bytes.

import fc from 'fast-check';
import { CAPTURES, contents } from '../../fixtures/captures.js';
import { RecordCursor, viewOf } from '../../src/wire/record-cursor.js';
import { readWhole } from './read-records.js';

/** A record as a parser hands it on. */
export interface RawRecord {
  readonly linkType: number;
  readonly isLittleEndian: boolean;
  readonly originalLength: number;
  readonly bytes: Uint8Array;
}

/** All records of the fixtures' own captures, each once. */
export const KNOWN_RECORDS: readonly RawRecord[] = CAPTURES.filter(({ file }) =>
  /^(pflog|nflog)/.test(file),
).flatMap(({ bytes }) =>
  readWhole(contents(bytes)).records.map(record => ({
    ...record,
    bytes: new Uint8Array(Buffer.from(record.bytes, 'hex')),
  })),
);

/** Bytes that decide something: header lengths, families, versions, flags, ports, protocols. */
const telling = fc.constantFrom(
  ...[
    0, 1, 2, 4, 5, 6, 8, 10, 12, 24, 25, 28, 30, 43, 44, 45, 49, 51, 60, 61, 63, 68, 69, 76, 100, 101, 253,
    255,
  ],
  ...[0x45, 0x46, 0x4f, 0x60, 0x12, 0xc2],
);
const byte = fc.oneof(telling, fc.nat(255));

/** One change: bytes overwritten, the end cut off, or more behind it. */
const edit = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at: fc.nat(170), value: byte }) },
  { weight: 1, arbitrary: fc.record({ keep: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ more: fc.uint8Array({ maxLength: 12 }) }) },
);
type Edit = { at: number; value: number } | { keep: number } | { more: Uint8Array };

function applyEdit(bytes: Uint8Array, change: Edit): Uint8Array {
  if ('keep' in change) return bytes.slice(0, change.keep);
  if ('more' in change) return Uint8Array.from([...bytes, ...change.more]);
  const copy = bytes.slice();
  if (change.at < copy.length) copy[change.at] = change.value;
  return copy;
}

const known = fc.constantFrom(...KNOWN_RECORDS);

const mutated = fc
  .record({
    record: known,
    edits: fc.array(edit, { maxLength: 5 }),
    flip: fc.integer({ min: 0, max: 9 }),
    length: fc.option(fc.nat(300), { freq: 6 }),
  })
  .map(({ record, edits, flip, length }): RawRecord => {
    const bytes = (edits as Edit[]).reduce(applyEdit, record.bytes);
    return {
      linkType: record.linkType,
      isLittleEndian: flip === 0 ? !record.isLittleEndian : record.isLittleEndian,
      originalLength: length ?? record.originalLength + bytes.length - record.bytes.length,
      bytes,
    };
  });

const random = fc.record({
  linkType: fc.constantFrom(117, 239),
  isLittleEndian: fc.boolean(),
  originalLength: fc.nat(300),
  bytes: fc.array(byte, { maxLength: 180 }).map(bytes => Uint8Array.from(bytes)),
});

/** Any record: mostly nearly a good one. */
export const anyRecord: fc.Arbitrary<RawRecord> = fc.oneof(
  { weight: 1, arbitrary: known },
  { weight: 6, arbitrary: mutated },
  { weight: 1, arbitrary: random },
);

/** A cursor that stands on the record in the middle of other bytes. */
export function cursorOn(record: RawRecord, around: Uint8Array = new Uint8Array(0)): RecordCursor {
  const cursor = new RecordCursor();
  cursor.bytes = Uint8Array.from([...around, ...record.bytes, ...around]);
  cursor.view = viewOf(cursor.bytes);
  cursor.at = around.length;
  cursor.end = around.length + record.bytes.length;
  cursor.linkType = record.linkType;
  cursor.isLittleEndian = record.isLittleEndian;
  cursor.originalLength = record.originalLength;
  return cursor;
}
