import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ADDRESS_WORDS, AddressTable } from '../../src/address/address-table.js';

const STRIDE = ADDRESS_WORDS + 2;
type Words = readonly [number, number, number, number];

/** Words that are alike: many addresses differ in one of them, and all can have their highest bit set. */
const word = fc.constantFrom(0, 1, 0xffff, 0x80000000, 0xffffffff, 0xc0000201);
const address = fc.tuple(word, word, word, fc.oneof(word, fc.nat(3000)));

/** Writes behind an address. The row comes first: it may replace the words. */
function write(table: AddressTable, words: Words, value: number): void {
  const at = table.row(...words);
  table.words[at + ADDRESS_WORDS] = value;
}

test('the table agrees with a map: one row an address, numbered as they come, with room that keeps its value', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 300 }), fc.integer(), (addresses, seed) => {
      const table = new AddressTable(STRIDE, seed);
      const model = new Map<string, { row: number; count: number }>();
      for (const words of addresses) {
        const key = words.join();
        const known = model.get(key) ?? { row: model.size, count: 0 };
        model.set(key, { ...known, count: known.count + 1 });
        const at = table.row(...words);
        assert.equal(at, known.row * STRIDE);
        assert.equal(table.words[at + ADDRESS_WORDS], known.count);
        table.words[at + ADDRESS_WORDS]!++;
        assert.equal(table.size, model.size);
      }
      for (const [key, { row, count }] of model) {
        const at = row * STRIDE;
        assert.equal(table.words.subarray(at, at + ADDRESS_WORDS).join(), key);
        assert.equal(table.words[at + ADDRESS_WORDS], count);
      }
    }),
    { numRuns: 300 },
  );
});

test('signed and unsigned words are the same address', () => {
  const table = new AddressTable(STRIDE);
  const unsigned: Words = [0xffffffff, 0x80000000, 0xffff, 0xc6336407];
  const signed = unsigned.map(value => value | 0) as unknown as Words;
  assert.equal(table.row(...unsigned), 0);
  assert.equal(table.row(...signed), 0);
  assert.equal(table.row(...([1, 2, 3, -1] as Words)), STRIDE);
  assert.equal(table.row(...([1, 2, 3, 0xffffffff] as Words)), STRIDE);
  assert.equal(table.size, 2);
});

test('rows keep their places and contents while the table grows', () => {
  const table = new AddressTable(STRIDE);
  const count = 20_000;
  for (let i = 0; i < count; i++) write(table, [0, 0, 0xffff, i * 2654435761], i);
  assert.equal(table.size, count);
  for (let i = count - 1; i >= 0; i--) {
    const at = table.row(0, 0, 0xffff, i * 2654435761);
    assert.equal(at, i * STRIDE);
    assert.equal(table.words[at + ADDRESS_WORDS], i);
  }
  assert.equal(table.size, count);
});

test('another seed has other places, and the same rows', () => {
  const rows = (seed: number): number[] => {
    const table = new AddressTable(STRIDE, seed);
    return [7, 3, 7, 9, 3].map(last => table.row(0, 0, 0xffff, last) / STRIDE);
  };
  for (const seed of [0, 1, -1, 0xffffffff]) assert.deepEqual(rows(seed), [0, 1, 0, 2, 1]);
});

test('what is taken is all rows and no more, and the table is empty then', () => {
  const table = new AddressTable(STRIDE);
  for (let i = 0; i < 1500; i++) write(table, [0, 0, 0xffff, i], i + 1);
  const rows = table.take();
  assert.equal(rows.length, 1500 * STRIDE);
  for (let i = 0; i < 1500; i++) {
    assert.deepEqual([...rows.subarray(i * STRIDE, (i + 1) * STRIDE)], [0, 0, 0xffff, i, i + 1, 0]);
  }
  assert.equal(table.size, 0);
  assert.equal(table.take().length, 0);
  const at = table.row(0, 0, 0xffff, 1499);
  assert.deepEqual([at, table.words[at + ADDRESS_WORDS], table.size], [0, 0, 1]);
  assert.equal(rows[1499 * STRIDE + ADDRESS_WORDS], 1500);
});

test('a table that was cleared is empty, whatever memory it goes on in', () => {
  const table = new AddressTable(STRIDE);
  // Grows, stays, is of little use, is of use again, is too large to be kept.
  for (const count of [1500, 1400, 3, 1500, 150_000, 2]) {
    for (let i = 0; i < count; i++) write(table, [0, 0, 0xffff, i], i + 1);
    assert.equal(table.size, count);
    table.clear();
    assert.equal(table.size, 0);
    assert.equal(table.find(0, 0, 0xffff, count - 1), -1);
    const at = table.row(0, 0, 0xffff, 7);
    assert.deepEqual([at, table.words[at + ADDRESS_WORDS], table.words[at + ADDRESS_WORDS + 1]], [0, 0, 0]);
    table.clear();
  }
});

test('a table of the same size again and again stays in its memory, and gives back that of a single large time', () => {
  const table = new AddressTable(STRIDE);
  const fill = (count: number): ArrayBufferLike => {
    table.clear();
    for (let i = 0; i < count; i++) write(table, [0, 0, 0xffff, i], i + 1);
    return table.words.buffer;
  };
  const first = fill(1500);
  assert.equal(fill(1500), first);
  assert.equal(fill(1000), first);
  fill(3);
  assert.ok(fill(3).byteLength < first.byteLength);
});
