import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inbound } from '../../fixtures/capture.js';
import { type PflogFields, pflog } from '../../fixtures/pflog.js';
import { RuleTable } from '../../src/policy/rule-table.js';
import type { LogRule } from '../../src/whitelist/batch.js';
import { viewOf } from '../../src/wire/record-cursor.js';

const IN = 1;
const OUT = 2;

function numberOf(table: RuleTable, direction: number, fields: PflogFields, junk = 0): number {
  const { bytes } = pflog('openbsd', inbound(), fields);
  // Bytes behind the NUL of a name.
  bytes[4 + 15] = junk;
  return table.pflogRule(bytes, viewOf(bytes), 0, direction);
}

function named(rulenr: number): LogRule {
  return { interface: 'em0', ruleset: '', rulenr, subrulenr: null };
}

test('rules are numbered in the order in which they are met', () => {
  const table = new RuleTable();
  assert.deepEqual(
    [7, 4, 7, 4, 9].map(rulenr => numberOf(table, IN, { rulenr })),
    [0, 1, 0, 1, 2],
  );
  assert.deepEqual(table.rules, [named(7), named(4), named(9)]);
});

test('a rule is the same in both directions, met in turn or not', () => {
  const table = new RuleTable();
  const numbers = [IN, OUT, IN, OUT, OUT, IN].map((direction, i) =>
    numberOf(table, direction, { rulenr: i < 4 ? direction : 5 }),
  );
  assert.deepEqual(numbers, [0, 1, 0, 1, 2, 2]);
});

test('a rule is told by its interface, ruleset and both numbers, and by nothing else', () => {
  const table = new RuleTable();
  const fields = { ifname: 'em0', ruleset: 'mail', rulenr: 3, subrulenr: 5 };
  const others: PflogFields[] = [
    { ...fields, ifname: 'em1' },
    { ...fields, ruleset: 'mail2' },
    { ...fields, rulenr: 4 },
    { ...fields, subrulenr: 6 },
  ];
  assert.equal(numberOf(table, IN, fields), 0);
  assert.deepEqual(
    others.map(other => numberOf(table, IN, other)),
    [1, 2, 3, 4],
  );
  assert.equal(numberOf(table, IN, { ...fields, action: 1, uid: 78, pid: 9, reason: 3 }), 0);
  assert.equal(numberOf(table, IN, fields, 0xff), 0);
  assert.equal(table.rules.length, 5);
});

test('numbers that mean none are null', () => {
  const table = new RuleTable();
  numberOf(table, IN, { rulenr: 0xffffffff, subrulenr: 0xffffffff });
  numberOf(table, IN, { rulenr: 0, subrulenr: 0x01000000, ifname: '' });
  assert.deepEqual(table.rules, [
    { interface: 'em0', ruleset: '', rulenr: null, subrulenr: null },
    { interface: '', ruleset: '', rulenr: 0, subrulenr: null },
  ]);
});

test('a rule given as a value has the number of the same one in a header', () => {
  const table = new RuleTable();
  assert.equal(numberOf(table, IN, { rulenr: 7 }), 0);
  assert.equal(table.intern(named(7)), 0);
  assert.equal(table.intern({ ...named(7), ruleset: 'log prefix' }), 1);
  assert.equal(numberOf(table, IN, { rulenr: 7 }), 0);
});

test('when the rules are taken, numbering begins anew', () => {
  const table = new RuleTable();
  numberOf(table, IN, { rulenr: 7 });
  numberOf(table, IN, { rulenr: 4 });
  const taken = table.take();
  assert.deepEqual(taken, [named(7), named(4)]);
  assert.deepEqual(table.rules, []);
  assert.equal(numberOf(table, IN, { rulenr: 4 }), 0);
  assert.equal(numberOf(table, IN, { rulenr: 7 }), 1);
  assert.deepEqual(table.rules, [named(4), named(7)]);
  assert.deepEqual(taken, [named(7), named(4)]);
});

test('a log that makes up rules without end fills the table, and the rest are one rule without a name', () => {
  const table = new RuleTable();
  for (let rulenr = 0; rulenr < 65_536; rulenr++) assert.equal(numberOf(table, IN, { rulenr }), rulenr);
  const rest = numberOf(table, IN, { rulenr: 70_000 });
  assert.equal(numberOf(table, OUT, { rulenr: 80_000 }), rest);
  assert.equal(table.intern(named(90_000)), rest);
  assert.deepEqual(table.rules[rest], { interface: '', ruleset: '', rulenr: null, subrulenr: null });
  assert.equal(table.rules.length, 65_537);
  assert.equal(numberOf(table, IN, { rulenr: 12 }), 12);
});
