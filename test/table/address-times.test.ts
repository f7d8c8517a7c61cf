import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatWords, MAPPED_WORD } from '../../src/address/address.js';
import { AddressTimes } from '../../src/table/address-times.js';

/** Few addresses, so that they meet, and of both families. */
const anAddress = fc
  .tuple(fc.boolean(), fc.nat(40))
  .map(([isIpv4, n]) => (isIpv4 ? formatWords(0, 0, MAPPED_WORD, n) : formatWords(0x20010db8, 0, n, 1)));
const aTime = fc.constantFrom(1, 1_700_000_000.25, Number.POSITIVE_INFINITY);
const aStep = fc.oneof(
  fc.record({ address: anAddress, time: aTime }),
  fc.record({ address: anAddress, time: fc.constant(undefined) }),
);

test('it behaves as a map does, whatever is set and deleted', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 300 }), steps => {
      const times = new AddressTimes();
      const map = new Map<string, number>();
      for (const { address, time } of steps) {
        if (time === undefined) {
          times.delete(address);
          map.delete(address);
        } else {
          assert.equal(times.set(address, time), true);
          map.set(address, time);
        }
        assert.equal(times.size, map.size);
        assert.equal(times.get(address), map.get(address));
        assert.equal(times.has(address), map.has(address));
      }
      assert.deepEqual(new Map(times), map);
    }),
  );
});

test('what is not the canonical text of an address is never in it', () => {
  const times = new AddressTimes();
  times.set('192.0.2.1', 1);
  times.set('2001:db8::1', 1);
  for (const text of [
    '::ffff:192.0.2.1',
    '2001:DB8::1',
    '2001:db8:0::1',
    '192.0.2.1/32',
    '!192.0.2.1',
    'mx',
    '',
  ]) {
    assert.equal(times.set(text, 2), false, text);
    assert.equal(times.get(text), undefined, text);
    times.delete(text);
  }
  assert.deepEqual(
    [...times],
    [
      ['192.0.2.1', 1],
      ['2001:db8::1', 1],
    ],
  );
});

test('it grows', () => {
  const times = new AddressTimes();
  for (let i = 1; i <= 10_000; i++) times.set(formatWords(0, 0, MAPPED_WORD, i), i);
  assert.equal(times.size, 10_000);
  let last = 0;
  for (const [address, time] of times) {
    assert.equal(time, ++last);
    assert.equal(times.get(address), time);
  }
});
