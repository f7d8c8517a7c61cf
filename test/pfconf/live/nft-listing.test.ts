import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkNftables } from '../../../src/pfconf/nft/check.js';

const FIXTURES = join(import.meta.dirname, '../../../../fixtures/nft');

/** Why this cannot run here; undefined where it can. */
function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces';
  try {
    execFileSync('nft', ['--version'], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'list'], { stdio: 'ignore' });
  } catch {
    return 'needs nft(8) and ip(8)';
  }
  return undefined;
}

const reason = reasonToSkip();

for (const file of readdirSync(FIXTURES).filter(name => name.endsWith('.nft'))) {
  test(`the kernel takes ${file}, and what it lists gives the verdicts of the recorded listing`, t => {
    if (reason !== undefined) {
      t.skip(reason);
      return;
    }
    const namespace = `spamlogd-nft-${process.pid}`;
    const inside = (...command: string[]): string =>
      execFileSync('ip', ['netns', 'exec', namespace, ...command], { encoding: 'utf8', timeout: 20_000 });
    execFileSync('ip', ['netns', 'add', namespace]);
    try {
      inside('nft', '-f', join(FIXTURES, file));
      const listed = inside('nft', '-j', 'list', 'ruleset');
      const recorded = readFileSync(join(FIXTURES, file.replace(/nft$/, 'json')), 'utf8');
      const options = {
        groups: null,
        ports: [25],
        inboundOnly: false,
        whiteTables: ['white'],
        nospamdTables: ['nospamd'],
        blackTables: [],
      };
      const [now, then] = [listed, recorded].map(text => checkNftables(text, file, options));
      assert.deepEqual(now?.rows, then?.rows);
      assert.deepEqual(now?.findings, then?.findings);
    } finally {
      execFileSync('ip', ['netns', 'del', namespace]);
    }
  });
}
