import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { be16, be32, fieldText, le32, u16, u32 } from '../../src/wire/bytes.js';
import { hex } from './hex.js';

test('integers are unsigned and of the byte order asked for', () => {
  const bytes = hex('00 fe dc ba 98');
  assert.equal(be16(bytes, 1), 0xfedc);
  assert.equal(be32(bytes, 1), 0xfedcba98);
  assert.equal(le32(bytes, 1), 0x98badcfe);
  assert.equal(u16(bytes, 1, true), 0xdcfe);
  assert.equal(u16(bytes, 1, false), 0xfedc);
  assert.equal(u32(bytes, 1, true), 0x98badcfe);
  assert.equal(u32(bytes, 1, false), 0xfedcba98);
});

test('integers agree with DataView for all bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 7, maxLength: 7 }),
      fc.nat(3),
      fc.boolean(),
      (bytes, at, little) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        assert.equal(u16(bytes, at, little), view.getUint16(at, little));
        assert.equal(u32(bytes, at, little), view.getUint32(at, little));
      },
    ),
  );
});

test('text ends at the first NUL, or with the field', () => {
  const bytes = hex('65 6d 30 00 78 78 31');
  assert.equal(fieldText(bytes, 0, 4), 'em0');
  assert.equal(fieldText(bytes, 0, 7), 'em0');
  assert.equal(fieldText(bytes, 4, 2), 'xx');
  assert.equal(fieldText(bytes, 3, 4), '');
  assert.equal(fieldText(bytes, 4, 0), '');
});

test('bytes beyond ASCII stay one character each', () => {
  assert.equal(fieldText(hex('ff c3 a9 0a'), 0, 4), '\u00ff\u00c3\u00a9\n');
});
