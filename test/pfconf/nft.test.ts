import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkNftables } from '../../src/pfconf/nft/check.js';
import type { NftCheckOptions } from '../../src/pfconf/nft/scenario.js';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/nft');
const OPTIONS: NftCheckOptions = {
  groups: null,
  ports: [25],
  inboundOnly: false,
  whiteTables: ['white'],
  nospamdTables: [],
  blackTables: [],
};

type Json = ReturnType<typeof JSON.parse>;

/** A ruleset with an input chain of these rules. */
function ruleset(rules: readonly Json[][], policy = 'accept'): string {
  return JSON.stringify({
    nftables: [
      { metainfo: { json_schema_version: 1 } },
      { set: { family: 'inet', table: 't', name: 'white', type: 'ipv4_addr' } },
      { chain: { family: 'inet', table: 't', name: 'in', type: 'filter', hook: 'input', prio: 0, policy } },
      ...rules.map((expr, i) => ({ rule: { family: 'inet', table: 't', chain: 'in', handle: i + 1, expr } })),
    ],
  });
}

const match = (left: Json, right: Json, op = '=='): Json => ({ match: { op, left, right } });
const payload = (protocol: string, field: string): Json => ({ payload: { protocol, field } });
const LOG = { log: { group: 1 } };

/** What a host that nobody knows meets over IPv4. */
function stranger(rules: readonly Json[][], policy = 'accept'): string {
  const report = checkNftables(ruleset(rules, policy), 'nft', OPTIONS);
  const row = report.rows.find(({ id }) => id === 'in-stranger-inet');
  return `${row?.goesTo} ${row?.spamlogd}`;
}

test('expressions are compared as nft compares them', () => {
  const cases: [Json[], string][] = [
    [[match(payload('tcp', 'dport'), 25), { drop: null }], 'blocked nothing'],
    [[match(payload('tcp', 'dport'), { range: [20, 30] }), { drop: null }], 'blocked nothing'],
    [[match(payload('th', 'dport'), { set: [22, 'smtp'] }), { drop: null }], 'blocked nothing'],
    [[match(payload('tcp', 'dport'), 80, '!='), { reject: null }], 'blocked nothing'],
    [[match(payload('tcp', 'dport'), 25, '>'), { drop: null }], 'mta nothing'],
    [[match(payload('tcp', 'dport'), 25, '<='), { drop: null }], 'blocked nothing'],
    [[match(payload('udp', 'dport'), 25), { drop: null }], 'mta nothing'],
    [[match(payload('ip6', 'saddr'), '::1', '!='), { drop: null }], 'mta nothing'],
    [
      [match(payload('ip', 'saddr'), { prefix: { addr: '0.0.0.0', len: 0 } }), { drop: null }],
      'blocked nothing',
    ],
    [[match(payload('ip', 'saddr'), { range: ['1.0.0.0', '255.0.0.0'] }), { drop: null }], 'blocked nothing'],
    [[match(payload('ip', 'saddr'), '@white'), { drop: null }], 'mta nothing'],
    [[match(payload('ip', 'saddr'), '@elsewhere'), { drop: null }], 'unknown unknown'],
    [[match({ meta: { key: 'iifname' } }, 'eth*'), { drop: null }], 'blocked nothing'],
    [[match({ meta: { key: 'mark' } }, 7), { drop: null }], 'mta nothing'],
    [[match({ meta: { key: 'skuid' } }, 0), { drop: null }], 'unknown unknown'],
    [[match({ ct: { key: 'state' } }, ['established', 'new'], 'in'), { drop: null }], 'blocked nothing'],
    [[match({ ct: { key: 'status' } }, 'dnat', 'in'), { drop: null }], 'mta nothing'],
    [[match({ fib: { result: 'type', flags: ['daddr'] } }, 'local'), { drop: null }], 'blocked nothing'],
    [
      [
        match(
          { concat: [payload('tcp', 'dport'), { meta: { key: 'l4proto' } }] },
          { set: [{ concat: [25, 'tcp'] }] },
        ),
        { drop: null },
      ],
      'blocked nothing',
    ],
    [[match({ '&': [payload('tcp', 'flags'), ['syn', 'ack']] }, 'syn'), LOG], 'mta whitelists'],
    [[match(payload('tcp', 'flags'), 'ack', 'in'), LOG], 'mta nothing'],
    [[{ xt: null }, { drop: null }], 'unknown unknown'],
    [[{ counter: { packets: 1, bytes: 2 } }, { drop: null }], 'blocked nothing'],
    [[{ vmap: { key: payload('tcp', 'dport'), data: { set: [[25, { drop: null }]] } } }], 'blocked nothing'],
    [[{ vmap: { key: payload('tcp', 'dport'), data: { set: [[80, { drop: null }]] } } }], 'mta nothing'],
    [[{ jump: { target: 'nowhere' } }], 'unknown unknown'],
  ];
  for (const [expr, expected] of cases) assert.equal(stranger([expr]), expected, JSON.stringify(expr));
});

test('an accept ends its own chain alone, and a policy counts where no rule does', () => {
  assert.equal(stranger([[{ accept: null }], [{ drop: null }]], 'drop'), 'mta nothing');
  assert.equal(stranger([[{ return: null }]], 'drop'), 'blocked nothing');
});

test('a chain that jumps to itself is not understood, and ends', () => {
  assert.equal(stranger([[{ jump: { target: 'in' } }]]), 'unknown unknown');
});

test('what is no listing is said, and every row is still there', () => {
  for (const [text, message] of [
    ['', /this is no JSON/],
    ['{}', /has no "nftables"/],
    ['[1, null]', /has no "nftables"/],
    ['{"nftables":[{"rule":{"family":"ip","chain":"x","expr":[]}}]}', /chain "x", which is not listed/],
  ] as const) {
    const report = checkNftables(text, 'nft', OPTIONS);
    const finding = report.findings.find(({ id }) => id === 'not-understood');
    assert.match(finding?.message ?? '', message);
    assert.equal(report.rows.length, 8);
  }
});

const texts = readdirSync(FIXTURES)
  .filter(name => name.endsWith('.json') && !name.includes('expected'))
  .map(name => readFileSync(join(FIXTURES, name), 'utf8'));

test('no text makes the check throw: neither any JSON nor a listing with something changed', () => {
  const anyJson = fc.jsonValue({ maxDepth: 5 }).map(value => JSON.stringify({ nftables: value }));
  const replaced = fc
    .tuple(
      fc.constantFrom(...texts),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.jsonValue({ maxDepth: 2 }),
    )
    .map(([text, at, value]) => {
      const parts = text.split(/(?<=[:,[])/);
      parts[Math.floor(at * parts.length) % parts.length] = JSON.stringify(value);
      return parts.join('');
    });
  const swapped = fc
    .tuple(fc.constantFrom(...texts), fc.nat(), fc.jsonValue({ maxDepth: 2 }))
    .map(([text, n, value]) => {
      let count = 0;
      return JSON.stringify(
        JSON.parse(text, (_, one: Json) => {
          count++;
          return count % 211 === n % 211 ? value : one;
        }),
      );
    });
  fc.assert(
    fc.property(fc.oneof(anyJson, replaced, swapped, fc.string()), text => {
      const report = checkNftables(text, 'nft', OPTIONS);
      assert.equal(report.firewall, 'nftables');
      JSON.stringify(report);
    }),
    { numRuns: 400 },
  );
});
