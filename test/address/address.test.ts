import assert from 'node:assert/strict';
import { isIP, isIPv4, SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalAddress,
  formatAddress,
  formatWords,
  parseAddress,
  parseIpv4,
} from '../../src/address/address.js';

const word = fc.oneof(
  fc.constant(0),
  fc.constant(0xffff),
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0, max: 0xffffffff }),
);

test('text is canonical as RFC 5952 has it', () => {
  const canonical: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, expected] of canonical) assert.equal(canonicalAddress(text), expected, text);
});

test('what is not exactly one address is refused', () => {
  const wrong = ['', '1.2', '010.1.2.3', '1.2.3.4.', '1.2.3.256', ' 1.2.3.4', '1.2.3.4/32', 'em0', 'self'];
  for (const text of [...wrong, '::1%lo0', '[::1]', '1::2::3', ':1', '12345::']) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test('IPv4 is read as strictly as Node reads it', () => {
  const aPart = fc.constantFrom(
    '0',
    '1',
    '00',
    '01',
    '10',
    '99',
    '255',
    '256',
    '1000',
    '',
    '-1',
    ' 1',
    '1e1',
    'a',
  );
  const aText = fc.oneof(
    fc.array(aPart, { minLength: 1, maxLength: 6 }).map(parts => parts.join('.')),
    fc.string({ maxLength: 16 }),
    word.map(value => formatWords(0, 0, 0xffff, value)),
  );
  fc.assert(fc.property(aText, text => assert.equal(parseIpv4(text) !== -1, isIPv4(text), text)));
});

test('every address comes back from its text', () => {
  fc.assert(
    fc.property(word, word, word, word, (a, b, c, d) => {
      assert.deepEqual(parseAddress(formatWords(a, b, c, d)), [a, b, c, d]);
    }),
  );
});

test("text agrees with Node's own, but for IPv4-mapped and -compatible addresses", () => {
  fc.assert(
    fc.property(word, word, word, word, (a, b, c, d) => {
      fc.pre(a !== 0 || b !== 0);
      const text = formatAddress([a, b, c, d]);
      assert.equal(isIP(text), 6);
      assert.equal(new SocketAddress({ family: 'ipv6', address: text }).address, text);
    }),
  );
});
