import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeText, encodeText, formatSpamdb, parseSpamdb } from '../../src/store/spamdb-text.js';
import type { StoreRecord } from '../../src/store/store.js';

const entry = { first: 1699913600, pass: 1699915400, expire: 1703110400, bcount: 1, pcount: 5 };

/** Lines as spamdb(8) prints them, and the records that they are. */
const LINES: readonly (readonly [string, StoreRecord])[] = [
  [
    'WHITE|192.0.2.25|||1699913600|1699915400|1703110400|1|5',
    { kind: 'address', address: '192.0.2.25', entry },
  ],
  [
    'GREY|198.51.100.7|mail.example.com|<alice@example.com>|<bob@example.org>|1699913600|1699915400|1703110400|1|5',
    {
      kind: 'tuple',
      address: '198.51.100.7',
      helo: 'mail.example.com',
      from: '<alice@example.com>',
      to: '<bob@example.org>',
      entry,
    },
  ],
  [
    'GREY|198.51.100.8||<>|<postmaster@example.org>|1699913600|1699915400|1703110400|1|5',
    { kind: 'tuple', address: '198.51.100.8', helo: '', from: '<>', to: '<postmaster@example.org>', entry },
  ],
  [
    'TRAPPED|203.0.113.99|1700082800',
    {
      kind: 'address',
      address: '203.0.113.99',
      entry: { first: 0, pass: 0, expire: 1700082800, bcount: 1, pcount: -1 },
    },
  ],
  ['SPAMTRAP|spamtrap@example.org', { kind: 'spamtrap', address: 'spamtrap@example.org' }],
];

test('a record is printed as spamdb prints it, and parsed back', () => {
  for (const [line, record] of LINES) {
    assert.equal(formatSpamdb(record), `${line}\n`);
    assert.deepEqual(parseSpamdb(line), { record }, line);
  }
});

test('bars inside a tuple are found out where brackets leave one way only', () => {
  const numbers = '1|2|3|4|5';
  const parsed = parseSpamdb(`GREY|192.0.2.1|a|b|<x|y@example.com>|<z@example.org>|${numbers}`);
  assert.ok('record' in parsed && parsed.record.kind === 'tuple');
  const { helo, from, to } = parsed.record;
  assert.deepEqual([helo, from, to], ['a|b', '<x|y@example.com>', '<z@example.org>']);
  for (const fields of ['a|b|c|d', 'h|<a>|<b>|<c>', 'h|<a|b>|c', 'h']) {
    assert.ok('problem' in parseSpamdb(`GREY|192.0.2.1|${fields}|${numbers}`), fields);
  }
});

test('a line that is not exactly what spamdb prints is refused, and the reason told', () => {
  const refused: [string, RegExp][] = [
    ['', /begins with none of/],
    ['white|192.0.2.1|||1|2|3|4|5', /begins with none of/],
    ['WHITE|192.0.2.1|||1|2|3|4', /takes 9 fields/],
    ['WHITE|192.0.2.1|x||1|2|3|4|5', /takes 9 fields/],
    ['WHITE|192.0.2.1|||1|2|3|4|5|6', /takes 9 fields/],
    ['WHITE|192.0.2|||1|2|3|4|5', /"192\.0\.2" is not an address/],
    ['WHITE|192.0.2.1|||1|2|3|4|-1', /cannot have passed -1 times/],
    ['WHITE|192.0.2.1|||1|2|3|4|x', /"x" is not a number in range/],
    ['WHITE|192.0.2.1|||01|2|3|4|5', /"01" is not a number/],
    ['WHITE|192.0.2.1|||1.5|2|3|4|5', /"1\.5" is not a number/],
    ['WHITE|192.0.2.1|||1|2|3|4|2147483648', /not a number in range/],
    ['WHITE|192.0.2.1|||1|2|9007199254740992|4|5', /not a number in range/],
    ['TRAPPED|192.0.2.1', /takes 3 fields/],
    ['TRAPPED|192.0.2.1|', /"" is not a number/],
    ['SPAMTRAP|example.org', /not a mail address/],
    ['GREY|192.0.2.1|h|<a>|<b>|1|2|3|4', /takes 10 fields/],
    ['GREY|192.0.2.1|h|<a>|<b>|1|2|3|4|', /"" is not a number/],
    ['SPAMTRAP|a\0@example.org', /NUL/],
  ];
  for (const [line, problem] of refused) {
    const parsed = parseSpamdb(line);
    assert.ok('problem' in parsed, line);
    assert.match(parsed.problem, problem);
  }
});

test('parsing never throws', () => {
  const piece = fc.constantFrom(
    'WHITE',
    'GREY',
    'TRAPPED',
    'SPAMTRAP',
    '|',
    '1',
    '-',
    '192.0.2.1',
    '<a>',
    '\0',
    'ä',
  );
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 24 }).map(parts => parts.join('')),
  );
  fc.assert(
    fc.property(line, text => {
      const parsed = parseSpamdb(text);
      assert.ok('record' in parsed || parsed.problem.length > 0);
    }),
  );
});

const field = fc.string({ unit: fc.constantFrom('a', 'é', '@', ' ', '.', '"', '\t') });
const number = fc.integer({ min: 0, max: 2 ** 31 - 1 });

test('every record comes back from its line', () => {
  const plain = { noNullPrototype: true };
  const times = fc.record(
    {
      first: fc.maxSafeNat(),
      pass: fc.maxSafeNat(),
      expire: fc.maxSafeNat(),
      bcount: number,
      pcount: number,
    },
    plain,
  );
  const white = { kind: fc.constant('address' as const), address: fc.constant('192.0.2.1'), entry: times };
  const texts = { helo: field, from: field, to: field };
  const grey = {
    kind: fc.constant('tuple' as const),
    address: fc.constant('2001:db8::1'),
    ...texts,
    entry: times,
  };
  const record: fc.Arbitrary<StoreRecord> = fc.oneof(fc.record(white, plain), fc.record(grey, plain));
  fc.assert(
    fc.property(record, one => {
      assert.deepEqual(parseSpamdb(formatSpamdb(one).slice(0, -1)), { record: one });
    }),
  );
});

test('UTF-8 is text as it is, and every stray byte comes back', () => {
  assert.equal(decodeText(Buffer.from('Grüße 😀')), 'Grüße 😀');
  assert.equal(decodeText(Buffer.from([0x61, 0xff, 0x80, 0xc3, 0xa4, 0xc3])), 'a\udcff\udc80ä\udcc3');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      assert.deepEqual(encodeText(decodeText(bytes)), Buffer.from(bytes));
    }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0x41, 0x80, 0xc3, 0xe2, 0x82, 0xac, 0xed, 0xb0, 0xf0, 0x9f)),
      list => {
        assert.deepEqual(encodeText(decodeText(Uint8Array.from(list))), Buffer.from(list));
      },
    ),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      assert.equal(decodeText(encodeText(text)), text);
    }),
  );
});
