import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRuleset } from '../../src/pfconf/check/check.js';
import { DEFAULT_TABLES } from '../../src/pfconf/check/options.js';
import { DEFAULT_POLICY } from '../../src/pfconf/evaluate/effect.js';
import { guardRules } from '../../src/pfconf/guard.js';
import { loadRules } from '../../src/pfconf/load.js';
import { parsePfConf } from '../../src/pfconf/parse.js';

/** Anchors of which each calls the next one twice: 2^40 ways to the last. */
const TWICE = Array.from(
  { length: 40 },
  (_, i) =>
    `anchor "a${i}" {\nanchor "/a${i + 1}"\nanchor "/a${i + 1}"\npass in log proto tcp to port 25 divert-to 127.0.0.1 port 8025\n}`,
).join('\n');

const SELF = 'anchor "a" {\nanchor "/a"\nanchor "../a"\nanchor "*"\nanchor "/*"\npass\n}\n'.repeat(5);

for (const [name, text] of [
  ['twice over', TWICE],
  ['and themselves', SELF],
] as const) {
  for (const dialect of ['openbsd', 'freebsd'] as const) {
    test(`${dialect} anchors that call each other ${name} end in doubt, and soon`, {
      timeout: 20_000,
    }, () => {
      const source = { text, file: 'pf.conf', dialect, isListing: false };
      const report = checkRuleset(source, { ...DEFAULT_TABLES, policy: DEFAULT_POLICY });
      assert.ok(report.findings.some(({ id }) => id === 'undecided'));
      assert.ok(report.rows.every(({ goesTo }) => goesTo === 'unknown'));
    });
  }
}

test('the guard finds the callers of anchors that call each other, and soon', { timeout: 20_000 }, () => {
  const { statements } = parsePfConf(TWICE, { dialect: 'openbsd', file: 'pf.conf' });
  const { rules } = guardRules(loadRules(statements, { dialect: 'openbsd', isListing: false }), 'openbsd');
  assert.equal(rules.length, 40);
  assert.deepEqual(rules[1]?.calls, [1, 0]);
});
