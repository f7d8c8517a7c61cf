import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkRuleset } from '../../src/pfconf/check/check.js';
import { type CheckOptions, DEFAULT_TABLES } from '../../src/pfconf/check/options.js';
import type { CheckReport } from '../../src/pfconf/check/report.js';
import { DEFAULT_POLICY } from '../../src/pfconf/evaluate/effect.js';
import { guardRules } from '../../src/pfconf/guard.js';
import { loadRules } from '../../src/pfconf/load.js';
import { parsePfConf, parsePfctlRules } from '../../src/pfconf/parse.js';
import type { Dialect } from '../../src/pfconf/source.js';
import { fixtureNames, fixtureText, PF_FIXTURES } from './fixtures.js';

interface Case {
  readonly options?: Partial<CheckOptions> & { logInterface?: number; inboundOnly?: boolean };
  readonly rows: Record<string, string>;
  readonly rules?: Record<string, number | null>;
  readonly findings: readonly string[];
  readonly corrected?: Record<string, string>;
  readonly diagnostics?: readonly string[];
  readonly assumed?: readonly string[];
}

interface Expected {
  readonly dialect: Dialect;
  readonly cases: readonly Case[];
  readonly guard?: readonly string[];
}

const readFile = (path: string): string => {
  if (!path.startsWith('include/')) throw new Error('no such file');
  return readFileSync(join(PF_FIXTURES, path), 'utf8');
};

function expectedOf(name: string): Expected {
  return JSON.parse(fixtureText(name.replace(/\.(?:conf|rules)$/, '.json'))) as Expected;
}

function checkFixture(name: string, dialect: Dialect, options: Case['options'] = {}): CheckReport {
  const { logInterface = 0, inboundOnly = false, ...rest } = options;
  const policy = { ...DEFAULT_POLICY, logInterface, inboundOnly };
  const isListing = name.endsWith('.rules');
  const source = { text: fixtureText(name), file: name, dialect, isListing, readFile };
  return checkRuleset(source, { ...DEFAULT_TABLES, policy, ...rest });
}

/** `in-white-inet` is expected under its own name, or that of both families, or that of all that come in. */
function expectedRow(rows: Record<string, string>, id: string): string | undefined {
  return rows[id] ?? rows[id.replace(/-inet6?(?=@|$)/, '')] ?? rows[id.slice(0, id.indexOf('-'))];
}

for (const name of fixtureNames()) {
  const { dialect, cases, guard } = expectedOf(name);
  cases.forEach((one, i) => {
    test(`${name} (${i + 1}) gives the verdicts that are expected of it`, () => {
      const report = checkFixture(name, dialect, one.options);
      for (const row of report.rows) {
        assert.equal(`${row.goesTo} ${row.spamlogd}`, expectedRow(one.rows, row.id), row.id);
        const line = one.rules?.[row.id];
        if (line !== undefined) assert.equal(row.decidedBy?.position?.line ?? null, line, row.id);
      }
      for (const id of Object.keys(one.rows)) {
        assert.ok(
          report.rows.some(row => row.id.startsWith(id)),
          `${id} was played`,
        );
      }
      assert.deepEqual(report.findings.map(finding => finding.id).sort(), [...one.findings].sort());
      for (const [id, text] of Object.entries(one.corrected ?? {})) {
        assert.equal(report.findings.find(finding => finding.id === id)?.corrected, text);
      }
      for (const text of one.assumed ?? []) assert.ok(report.assumptions.includes(text), text);
      const places = report.findings
        .filter(finding => finding.id === 'not-understood')
        .map(({ rule }) => `${rule?.position?.line}:${rule?.position?.column}`);
      assert.deepEqual(places, one.diagnostics ?? []);
    });
  });
  if (!guard) continue;
  test(`${name} is guarded where SMTP is sent away`, () => {
    const isListing = name.endsWith('.rules');
    const parse = isListing ? parsePfctlRules : parsePfConf;
    const { statements } = parse(fixtureText(name), { dialect, file: name, readFile });
    const { rules } = guardRules(loadRules(statements, { dialect, isListing, readFile }), dialect);
    assert.deepEqual(
      rules.map(rule => `${rule.ruleset ?? '_'}:${rule.number}`),
      guard,
    );
  });
}

test('every ruleset has its verdicts, and there are at least thirty', () => {
  assert.ok(fixtureNames().length >= 30);
});
