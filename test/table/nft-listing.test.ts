import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ElementListing, parseSets } from '../../src/table/nft-listing.js';
import type { TableEntry } from '../../src/table/table.js';

/** What nft 1.0.6 printed. */
const HEAD =
  '{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, ';
const SETS = `${HEAD}{"set": {"family": "inet", "name": "full", "table": "t", "type": "ipv4_addr", "handle": 1, "size": 3, "flags": ["timeout"]}}, {"set": {"family": "inet", "name": "p", "table": "t", "type": "ipv4_addr", "handle": 3}}, {"set": {"family": "inet", "name": "cc", "table": "t", "type": ["ipv4_addr", "inet_service"], "handle": 9}}]}\n`;
const ELEMENTS = `${HEAD}{"set": {"family": "inet", "name": "d", "table": "t", "type": "ipv4_addr", "handle": 4, "comment": "a elem: [ b", "flags": ["timeout"], "timeout": 5, "elem": [{"elem": {"val": "1.1.1.4", "timeout": 3, "expires": 2}}, {"elem": {"val": "1.1.1.5", "expires": 4}}, "1.1.1.6", {"elem": {"val": "1.1.1.7", "timeout": 9, "comment": "] } , \\" \\\\"}}, {"elem": {"val": "1.1.1.8", "timeout": 9, "expires": 0}}]}}]}\n`;
const EMPTY = `${HEAD}{"set": {"family": "inet", "name": "p", "table": "t", "type": "ipv4_addr", "handle": 3}}]}\n`;
const IPV6 = `${HEAD}{"set": {"family": "inet", "name": "w6", "table": "t", "type": "ipv6_addr", "handle": 7, "flags": ["timeout"], "elem": ["::1.1.1.4", "::ffff:1.2.3.4", {"elem": {"val": "2001:db8::1", "timeout": 5, "expires": 4}}]}}]}\n`;
const INTERVALS = `${HEAD}{"set": {"family": "inet", "name": "iv", "table": "t", "type": "ipv4_addr", "handle": 6, "flags": ["interval", "timeout"], "elem": [{"elem": {"val": {"prefix": {"addr": "10.0.0.0", "len": 8}}, "timeout": 100, "expires": 99}}, {"range": ["11.0.0.1", "11.0.0.9"]}]}}]}\n`;

/** The entries of a listing that comes in these pieces, and what was wrong with it. */
function read(...pieces: string[]): { entries: TableEntry[]; reason: string | undefined } {
  const entries: TableEntry[] = [];
  const listing = new ElementListing(entry => entries.push(entry));
  for (const piece of pieces) listing.push(piece);
  return { entries, reason: listing.end() };
}

const EXPECTED = [
  { address: '1.1.1.4', lifetimeSeconds: 2 },
  { address: '1.1.1.5', lifetimeSeconds: 4 },
  { address: '1.1.1.6' },
  { address: '1.1.1.7', lifetimeSeconds: 1 },
  { address: '1.1.1.8', lifetimeSeconds: 1 },
];

test('sets come with their type, flags and size', () => {
  assert.deepEqual(parseSets(SETS), [
    { table: 't', name: 'full', type: 'ipv4_addr', flags: ['timeout'], size: 3 },
    { table: 't', name: 'p', type: 'ipv4_addr', flags: [] },
    { table: 't', name: 'cc', type: ['ipv4_addr', 'inet_service'], flags: [] },
  ]);
  assert.deepEqual(parseSets(`${HEAD.slice(0, -2)}]}`), []);
});

test('what is no list of sets is none', () => {
  for (const text of ['', '{', 'null', '[]', '{"nftables": 1}', 'table inet t {'])
    assert.equal(parseSets(text), undefined, text);
});

test('elements come with the seconds they have left', () => {
  assert.deepEqual(read(ELEMENTS), { entries: EXPECTED, reason: undefined });
  assert.deepEqual(read(EMPTY), { entries: [], reason: undefined });
});

test('IPv6 comes in canonical text, but what is mapped stays what it is', () => {
  assert.deepEqual(read(IPV6).entries, [
    { address: '::101:104' },
    { address: '::ffff:1.2.3.4' },
    { address: '2001:db8::1', lifetimeSeconds: 4 },
  ]);
});

test('prefixes and ranges are no addresses', () => {
  assert.deepEqual(read(INTERVALS), { entries: [], reason: undefined });
});

test('a listing is the same in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: ELEMENTS.length - 1 }), { maxLength: 12 }), cuts => {
      const edges = [0, ...cuts.sort((a, b) => a - b), ELEMENTS.length];
      const pieces = edges.slice(1).map((end, i) => ELEMENTS.slice(edges[i]!, end));
      assert.deepEqual(read(...pieces), { entries: EXPECTED, reason: undefined });
    }),
  );
  assert.deepEqual(read(...ELEMENTS), { entries: EXPECTED, reason: undefined });
});

test('a listing that is cut off says so, wherever that is', () => {
  const end = ELEMENTS.indexOf(']}}]}');
  for (let length = 0; length < end; length++) {
    const { reason } = read(ELEMENTS.slice(0, length));
    assert.ok(reason === 'names no set' || reason === 'ends among the elements', `${length}: ${reason}`);
  }
});

test('what is not a listing never throws', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('"elem": [', '{', '}', '"', ',', ']', '\\'))),
      pieces => {
        const { entries, reason } = read(...pieces);
        assert.ok(reason === undefined || typeof reason === 'string');
        for (const entry of entries) assert.equal(typeof entry.address, 'string');
      },
    ),
  );
  assert.equal(read('"elem": [ nonsense, more ]').reason, 'is not JSON');
});
