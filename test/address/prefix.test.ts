import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AddressWords, parseAddress } from '../../src/address/address.js';
import {
  formatPrefix,
  type Prefix,
  PrefixSet,
  parsePrefix,
  prefixContains,
} from '../../src/address/prefix.js';

test('a prefix is an address with an optional length', () => {
  const canonical: [string, string][] = [
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['::ffff:192.0.2.0/120', '192.0.2.0/24'],
  ];
  for (const [text, expected] of canonical) assert.equal(formatPrefix(parsePrefix(text)!), expected, text);
});

test('host bits, lengths too long and anything else are refused', () => {
  for (const text of [
    '192.0.2.1/24',
    '192.0.2.0/33',
    '192.0.2.0/024',
    '2001:db8::1/64',
    '::/129',
    '/8',
    '10/8',
    'a',
  ]) {
    assert.equal(parsePrefix(text), undefined, text);
  }
});

test('ranges that touch or contain one another are one', () => {
  const set = new PrefixSet(['10.0.0.0/8', '10.1.0.0/16', '10.2.3.4'].map(text => parsePrefix(text)!));
  assert.equal(set.size, 1);
  assert.equal(set.has(...parseAddress('10.255.255.255')!), true);
  assert.equal(set.has(...parseAddress('11.0.0.0')!), false);
  assert.equal(set.has(...parseAddress('::a00:1')!), false);
});

test('an empty set holds nothing', () => {
  assert.equal(new PrefixSet([]).has(0, 0, 0xffff, 1), false);
});

const words = fc.tuple(
  fc.constantFrom(0, 0x20010db8),
  fc.constantFrom(0, 1),
  fc.constantFrom(0, 0xffff),
  fc.integer({ min: 0, max: 255 }).map(low => (0xc0000200 | low) >>> 0),
);

test('the set agrees with asking every prefix in turn', () => {
  const prefix = fc.tuple(words, fc.integer({ min: 90, max: 128 })).map(([address, bits]): Prefix => {
    const aligned = address.map((value, i) => {
      const fixed = Math.min(32, Math.max(0, bits - 32 * i));
      return fixed === 0 ? 0 : (value & (0xffffffff << (32 - fixed))) >>> 0;
    });
    return { words: aligned as unknown as AddressWords, bits };
  });
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 12 }), words, (prefixes, address) => {
      const expected = prefixes.some(one => prefixContains(one, address));
      assert.equal(new PrefixSet(prefixes).has(...address), expected);
    }),
  );
});
