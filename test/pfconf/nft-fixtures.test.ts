import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkNftables } from '../../src/pfconf/nft/check.js';
import type { NftCheckOptions } from '../../src/pfconf/nft/scenario.js';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/nft');

interface Expected {
  readonly options?: Partial<NftCheckOptions>;
  readonly rows: Record<string, string>;
  readonly findings: readonly string[];
  readonly corrected?: Record<string, string>;
  readonly assumed?: readonly string[];
  /** Texts of the rules that decide. */
  readonly texts?: Record<string, string>;
}

const DEFAULTS: NftCheckOptions = {
  groups: null,
  ports: [25],
  inboundOnly: false,
  whiteTables: ['spamd-white'],
  nospamdTables: ['nospamd'],
  blackTables: ['spamd'],
};

const names = readdirSync(FIXTURES)
  .filter(name => name.endsWith('.nft'))
  .map(name => name.slice(0, -'.nft'.length))
  .sort();

for (const name of names) {
  test(`${name}.nft gives the verdicts that are expected of it`, () => {
    const read = (ending: string): string => readFileSync(join(FIXTURES, `${name}.${ending}`), 'utf8');
    const { options, rows, findings, corrected, assumed, texts } = JSON.parse(
      read('expected.json'),
    ) as Expected;
    const report = checkNftables(read('json'), `${name}.json`, { ...DEFAULTS, ...options });
    for (const row of report.rows) {
      const expected = rows[row.id] ?? rows[row.id.replace(/-inet6?$/, '')];
      assert.equal(`${row.goesTo} ${row.spamlogd}`, expected, row.id);
    }
    for (const id of Object.keys(rows)) {
      assert.ok(
        report.rows.some(row => row.id.startsWith(id)),
        `${id} was played`,
      );
    }
    assert.deepEqual(report.findings.map(finding => finding.id).sort(), [...findings].sort());
    for (const [id, text] of Object.entries(corrected ?? {})) {
      assert.equal(report.findings.find(finding => finding.id === id)?.corrected, text);
    }
    for (const text of assumed ?? []) assert.ok(report.assumptions.includes(text), text);
    for (const [id, text] of Object.entries(texts ?? {})) {
      assert.equal(report.rows.find(row => row.id === id)?.decidedBy?.text, text);
    }
  });

  test(`no correction for ${name}.nft logs hosts that are not in the whitelist, or forwarded mail`, () => {
    const read = (ending: string): string => readFileSync(join(FIXTURES, `${name}.${ending}`), 'utf8');
    const { options } = JSON.parse(read('expected.json')) as Expected;
    const report = checkNftables(read('json'), `${name}.json`, { ...DEFAULTS, ...options });
    const lines = report.findings.flatMap(({ corrected }) => corrected?.split('\n') ?? []);
    for (const line of lines.filter(one => / log /.test(one))) {
      assert.match(line, line.includes('spamlogd-in') ? /^ip6? saddr @\S/ : /^oifname /);
    }
  });
}

test('there are at least eight rulesets', () => {
  assert.ok(names.length >= 8);
});
