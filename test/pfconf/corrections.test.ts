import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkRuleset } from '../../src/pfconf/check/check.js';
import { DEFAULT_TABLES } from '../../src/pfconf/check/options.js';
import type { CheckReport, VerdictRow } from '../../src/pfconf/check/report.js';
import { DEFAULT_POLICY } from '../../src/pfconf/evaluate/effect.js';
import type { Dialect } from '../../src/pfconf/source.js';
import { applyToText } from './apply-text.js';
import { fixtureNames, fixtureText, PF_FIXTURES } from './fixtures.js';

const readFile = (path: string): string => {
  if (!path.startsWith('include/')) throw new Error('no such file');
  return readFileSync(join(PF_FIXTURES, path), 'utf8');
};

function check(text: string, name: string, dialect: Dialect): CheckReport {
  const source = { text, file: name, dialect, isListing: name.endsWith('.rules'), readFile };
  return checkRuleset(source, { ...DEFAULT_TABLES, policy: DEFAULT_POLICY });
}

function dialectOf(name: string): Dialect {
  return (JSON.parse(fixtureText(name.replace(/\.(?:conf|rules)$/, '.json'))) as { dialect: Dialect })
    .dialect;
}

/** Whether a connection that must not be counted is counted, or would be but for the guard. */
function isWrong(row: VerdictRow | undefined): boolean {
  return row !== undefined && ['whitelists', 'guarded', 'unknown'].includes(row.spamlogd);
}

for (const name of fixtureNames()) {
  test(`no correction for ${name} whitelists strangers, trapped hosts or the LAN, or stops mail`, () => {
    const dialect = dialectOf(name);
    const before = check(fixtureText(name), name, dialect);
    for (const finding of before.findings) {
      const text = applyToText(fixtureText(name), name, finding);
      if (text === null) continue;
      const after = check(text, name, dialect);
      const said = `${finding.id}:\n${text}`;
      for (const row of after.rows) {
        const old = before.rows.find(({ id }) => id === row.id);
        const isOther = ['stranger', 'trapped', 'lan'].includes(row.role);
        if (isOther && !isWrong(old)) assert.equal(isWrong(row), false, `${row.id} ${said}`);
        if (!isOther && old?.goesTo === 'mta') assert.equal(row.goesTo, 'mta', `${row.id} ${said}`);
      }
      const isSame = after.findings.some(
        one =>
          one.id === finding.id &&
          one.rule?.text === finding.rule?.text &&
          one.rows.length >= finding.rows.length,
      );
      assert.equal(isSame, false, `still ${said}`);
      assert.deepEqual(
        after.findings.filter(({ id }) => id === 'not-understood').length,
        before.findings.filter(({ id }) => id === 'not-understood').length,
        said,
      );
    }
  });
}
