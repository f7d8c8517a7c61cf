import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryList } from '../../src/table/entry-list.js';

const ENTRIES = [
  { address: '192.0.2.1', lifetimeSeconds: 60 },
  { address: '2001:db8::1' },
  { address: '10.0.0.0/8' },
  { address: '::ffff:192.0.2.1', lifetimeSeconds: 5 },
  { address: '!192.0.2.1' },
];

test('entries come back as they were put in, addresses first', () => {
  const list = new EntryList(ENTRIES.toReversed());
  assert.equal(list.length, 5);
  const [first, second, third, fourth, fifth] = ENTRIES;
  assert.deepEqual([...list], [second, first, fifth, fourth, third]);
  assert.deepEqual([...new EntryList(list)], [...list]);
});

test('pieces of it are those of an array', () => {
  const list = new EntryList(ENTRIES);
  for (let from = 0; from <= 6; from++) {
    for (let to = from; to <= 7; to++) assert.deepEqual(list.slice(from, to), ENTRIES.slice(from, to));
  }
});

test('of an item that comes twice the last life counts', () => {
  const list = new EntryList([...ENTRIES, { address: '192.0.2.1' }, { address: '::ffff:192.0.2.1' }]);
  assert.equal(list.length, 5);
  assert.deepEqual(list.slice(0, 1), [{ address: '192.0.2.1' }]);
  assert.deepEqual(list.slice(3, 4), [{ address: '::ffff:192.0.2.1' }]);
});
