import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { guardRules, joinGuards, type RuleGuard } from '../../src/pfconf/guard.js';
import { parseGuardList } from '../../src/pfconf/guard-list.js';
import { loadRules } from '../../src/pfconf/load.js';
import { parsePfctlRules } from '../../src/pfconf/parse.js';
import type { Dialect } from '../../src/pfconf/source.js';

function guardOfListing(text: string, dialect: Dialect = 'openbsd'): RuleGuard {
  const { statements } = parsePfctlRules(text, { dialect, file: 'pfctl' });
  return guardRules(loadRules(statements, { dialect, isListing: true }), dialect);
}

const TO_TARPIT =
  'pass in log inet proto tcp from any to any port = smtp flags S/SA divert-to 127.0.0.1 port 8025';

test('a rule that sends SMTP to another port is guarded, with its text', () => {
  const guard = guardOfListing(`@0 block all\n@1 ${TO_TARPIT}\n@2 pass out all`);
  assert.deepEqual(guard.rules, [
    {
      ruleset: '',
      number: 1,
      text: 'pass in log inet proto tcp to any port smtp flags S/SA divert-to 127.0.0.1 port 8025',
      isCertain: true,
      calls: [],
    },
  ]);
  assert.equal(guard.matches('', 1, null), guard.rules[0]);
  assert.equal(guard.matches('', 0, null), undefined);
  assert.equal(guard.matches('', 2, 1), undefined);
  assert.equal(guard.matches('mail', 0, 1), undefined);
  assert.deepEqual(guard.gaps, []);
});

test('what redirects SMTP and what does not', () => {
  const rules: [string, boolean][] = [
    ['pass in proto tcp to port 25 rdr-to 127.0.0.1 port 8025', true],
    ['pass in proto tcp to port 25 rdr-to 127.0.0.1 port 8025:8030', true],
    ['pass in proto tcp to port 25 rdr-to 10.0.0.1', false],
    ['pass in proto tcp to port 25 rdr-to 10.0.0.1 port 25', false],
    ['pass in proto tcp to port 25 rdr-to 10.0.0.1 port 20:30', false],
    ['pass in proto tcp to port 25 divert-packet port 700', false],
    ['pass in proto tcp to port 20:30 divert-to 127.0.0.1 port 8025', true],
    ['pass in proto tcp divert-to 127.0.0.1 port 8025', true],
    ['pass in divert-to 127.0.0.1 port 8025', true],
    ['pass in proto udp to port 25 divert-to 127.0.0.1 port 8025', false],
    ['pass in proto tcp to port 80 divert-to 127.0.0.1 port 8080', false],
    ['pass in proto tcp to port != 25 divert-to 127.0.0.1 port 8080', false],
    ['block in proto tcp to port 25', false],
    ['match in proto tcp to port 25 rdr-to 127.0.0.1 port 8025', false],
    ['pass out proto tcp to port 25 nat-to (em0)', false],
  ];
  for (const [text, isGuarded] of rules) {
    assert.equal(guardOfListing(text).rules.length, isGuarded ? 1 : 0, text);
  }
});

test('where the port is not understood, the rule is guarded to be safe', () => {
  for (const text of [
    'pass in proto tcp to port 25 rdr-to 127.0.0.1 port no-such-name',
    'pass in proto tcp to port 25 sparkle 3 rdr-to 127.0.0.1 port 8025',
  ]) {
    assert.deepEqual(
      guardOfListing(text).rules.map(rule => rule.isCertain),
      [false],
      text,
    );
  }
});

test('in anchors the number of the rule and of the call have to fit, for OpenBSD and FreeBSD alike', () => {
  const guard = guardOfListing(
    `@0 pass all\n@4 anchor "outer" all {\n@2 anchor "inner" all {\n@7 ${TO_TARPIT}\n}\n}\n@5 anchor {\n@1 ${TO_TARPIT}\n}`,
  );
  const [inner, unnamed] = guard.rules;
  assert.deepEqual([inner?.ruleset, inner?.number, inner?.calls], ['inner', 7, [2, 4]]);
  assert.equal(guard.matches('inner', 2, 7), inner);
  assert.equal(guard.matches('inner', 4, 7), inner);
  assert.equal(guard.matches('inner', 3, 7), undefined);
  assert.equal(guard.matches('outer', 4, 7), undefined);
  assert.equal(guard.matches('inner', 2, 8), undefined);
  assert.deepEqual([unnamed?.ruleset, unnamed?.number, unnamed?.calls], [null, 1, [5]]);
  assert.equal(guard.matches('_12', 5, 1), unnamed);
  assert.equal(guard.matches('other', 5, 1), undefined);
});

test('what could not be read is told as a gap', () => {
  const guard = guardOfListing('@0 anchor "late" all\n@1 pass in proto tcp sparkle\n@2 conjure');
  assert.deepEqual(guard.gaps, [
    'the rules of anchor "late" are not in the list',
    'pfctl:2 is not understood',
    'pfctl:3 is not understood',
  ]);
});

test('a list by hand has numbers of the main ruleset and of anchors', () => {
  const guard = parseGuardList('12, :13 spamd:3,mail/incoming:4');
  assert.deepEqual(
    guard.rules.map(({ ruleset, number }) => [ruleset, number]),
    [
      ['', 12],
      ['', 13],
      ['spamd', 3],
      ['incoming', 4],
    ],
  );
  assert.equal(guard.matches('', 13, null)?.text, ':13');
  assert.equal(guard.matches('spamd', 99, 3)?.text, 'spamd:3');
  assert.equal(guard.matches('spamd', 3, null), undefined);
  assert.deepEqual(parseGuardList('').rules, []);
});

test('what is no item of such a list is named', () => {
  for (const item of ['x', '1:', 'a:b:1', '-1', '1.5', 'spamd:']) {
    assert.throws(
      () => parseGuardList(`1,${item}`),
      new RegExp(`Cannot guard rule "${item.replace('.', '\\.')}"`),
    );
  }
});

test('several guards refuse what one of them refuses', () => {
  const guard = joinGuards(guardOfListing(`@3 ${TO_TARPIT}`), parseGuardList('9'));
  assert.equal(guard.matches('', 3, null)?.number, 3);
  assert.equal(guard.matches('', 9, null)?.number, 9);
  assert.equal(guard.matches('', 4, null), undefined);
});

test('asking the guard agrees with going through its rules', () => {
  const item = fc.record({ ruleset: fc.constantFrom('', 'a', 'b'), number: fc.integer({ min: 0, max: 4 }) });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), item, (items, asked) => {
      const guard = parseGuardList(items.map(({ ruleset, number }) => `${ruleset}:${number}`).join(','));
      const isInAnchor = asked.ruleset !== '';
      const found = guard.matches(
        asked.ruleset,
        isInAnchor ? 77 : asked.number,
        isInAnchor ? asked.number : null,
      );
      const expected = items.some(one => one.ruleset === asked.ruleset && one.number === asked.number);
      assert.equal(found !== undefined, expected);
    }),
  );
});

const VECTORS = join(import.meta.dirname, '../../../../shared/captures/vectors.json');

test('a recorded packet that was diverted names a rule of the listing that goes with it', t => {
  if (!existsSync(VECTORS)) {
    t.skip('the captures are not beside the repository');
    return;
  }
  interface Vector {
    readonly name: string;
    readonly expected: { readonly ruleset: string; readonly rulenr: number };
  }
  const text = readFileSync(VECTORS, 'utf8');
  const parsed = JSON.parse(text) as readonly Vector[] | { readonly vectors: readonly Vector[] };
  const vectors = 'vectors' in parsed ? parsed.vectors : parsed;
  const { expected } = vectors.find(vector => vector.name === 'syn-100-openbsd-divertto-spamd')!;
  const listing = readFileSync(join(import.meta.dirname, '../../../fixtures/pf/openbsd-vvsr.rules'), 'utf8');
  const guard = guardOfListing(listing);
  assert.match(
    guard.matches(expected.ruleset, expected.rulenr, null)?.text ?? '',
    /divert-to 127\.0\.0\.1 port 8025/,
  );
});
