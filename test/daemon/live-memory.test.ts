import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./children/refresh-again.js', import.meta.url));
const ADDRESSES = 20_000;
const TIMES = 50;
/** By then code is compiled, and all memory there that is used again. */
const SETTLED = 15;

for (const [kind, rowsAtOnce] of [
  ['sqlite', 5000],
  ['spamd', 25_000],
] as const) {
  test(`addresses that are refreshed again and again take no more memory than a few times: ${kind}`, t => {
    const folder = mkdtempSync(join(tmpdir(), 'spamlogd-memory-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const args = [`${kind}:${join(folder, 'db')}`, ADDRESSES, TIMES, rowsAtOnce].map(String);
    const node = ['--max-semi-space-size=4', CHILD, ...args];
    const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' });
    assert.equal(stderr, '');
    const { resident, written } = JSON.parse(stdout) as { resident: number[]; written: number };
    t.diagnostic(`MiB: ${resident.map(value => value.toFixed()).join(' ')}`);
    assert.equal(written, ADDRESSES * TIMES);
    const before = Math.max(...resident.slice(0, SETTLED));
    const after = Math.max(...resident.slice(SETTLED));
    assert.ok(after < before + 12, `${before} MiB, and then ${after} MiB`);
  });
}
