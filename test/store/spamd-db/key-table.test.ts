import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hash4 } from '../../../src/store/spamd-db/hash4.js';
import { KeyMemory, KeyTable } from '../../../src/store/spamd-db/key-table.js';
import { batchOf, NOW } from './helpers.js';

/** A table that expects every row with a key, the first one last. */
function tableOf(addresses: readonly string[], memory: KeyMemory = new KeyMemory()): KeyTable {
  const table = new KeyTable(batchOf(addresses, NOW).words, memory);
  for (let row = table.rows - 1; row >= 0; row--) if (table.has(row)) table.expect(row);
  return table;
}

/** Looks a key up where a page has it: between other bytes. */
function find(table: KeyTable, key: string): number {
  const bytes = Buffer.from(`1.1${key}2.2`, 'latin1');
  return table.find(bytes, 3, bytes.length - 3);
}

const octet = fc.nat({ max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map(octets => octets.join('.'));

test('each row is found by its key, and by nothing else', () => {
  fc.assert(
    fc.property(fc.uniqueArray(ipv4, { maxLength: 400 }), fc.array(ipv4), (addresses, others) => {
      const table = tableOf(addresses);
      assert.equal(table.rows, addresses.length);
      addresses.forEach((address, row) => {
        assert.equal(find(table, address), row);
        assert.equal(Buffer.from(table.key(row)).toString(), address);
        assert.equal(table.hashes[row], hash4(Buffer.from(address)));
      });
      for (const other of others) assert.equal(find(table, other), addresses.indexOf(other));
    }),
  );
});

test('keys that differ in one byte, or only in their beginning or length, are told apart', () => {
  const key = '198.51.100.123';
  const table = tableOf([key, '98.51.100.123', '8.51.100.123']);
  for (let i = 0; i < key.length; i++) {
    const other = `${key.slice(0, i)}!${key.slice(i + 1)}`;
    assert.equal(find(table, other), -1, other);
  }
  const others = ['51.100.123', '1198.51.100.123', '', '1', '198.51', `${key}\nhelo\n<a>\n<b>`, 'a@b.org'];
  for (const other of others) assert.equal(find(table, other), -1, other);
  assert.deepEqual(
    [key, '98.51.100.123', '8.51.100.123'].map(name => find(table, name)),
    [0, 1, 2],
  );
});

test('a row of IPv6 has no key', () => {
  const table = tableOf(['2001:db8::1', '192.0.2.1']);
  assert.deepEqual([table.has(0), table.has(1)], [false, true]);
  assert.equal(find(table, '192.0.2.1'), 1);
});

test('a table without rows finds nothing', () => {
  assert.equal(find(tableOf([]), '192.0.2.1'), -1);
});

test('rows are found while they are expected, whatever others end alike', () => {
  const [one, other, third] = ['192.0.2.17', '198.51.100.17', '192.0.2.18'];
  const table = new KeyTable(batchOf([one, other, third], NOW).words);
  const found = (): number[] => [one, other, third].map(key => find(table, key));
  assert.deepEqual(found(), [-1, -1, -1]);
  for (const row of [0, 1, 2]) table.expect(row);
  assert.deepEqual(found(), [0, 1, 2]);
  for (const row of [0, 1]) table.dismiss(row);
  assert.deepEqual(found(), [-1, -1, 2]);
  table.expect(1);
  assert.deepEqual(found(), [-1, 1, 2]);
  table.dismissAll();
  assert.deepEqual(found(), [-1, -1, -1]);
});

test('a table in the memory of another knows nothing of it', () => {
  const memory = new KeyMemory();
  const lists = [
    ['192.0.2.1', '192.0.2.2', '198.51.100.123'],
    ['2001:db8::1', '192.0.2.2'],
    ['192.0.2.3', '2001:db8::1', '192.0.2.1', '203.0.113.200', '10.0.0.1'],
    ['2001:db8::1'],
  ];
  for (const addresses of lists) {
    const table = tableOf(addresses, memory);
    assert.deepEqual([...table.links], new Array(addresses.length).fill(0));
    for (const address of lists.flat()) {
      const row = address.includes(':') ? -1 : addresses.indexOf(address);
      assert.equal(find(table, address), row, address);
    }
    addresses.forEach((address, row) => {
      assert.equal(table.has(row), !address.includes(':'));
      assert.equal(table.hashes[row], address.includes(':') ? 0 : hash4(Buffer.from(address)));
    });
    table.links.fill(7);
  }
});
