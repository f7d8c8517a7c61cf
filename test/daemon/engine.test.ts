import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import type { Logger } from 'pino';
import { Engine } from '../../src/daemon/engine.js';
import { settingsForDaemon } from '../../src/daemon/settings-for-daemon.js';
import { parseArgv } from '../../src/options/argv.js';
import { readSettings } from '../../src/options/settings.js';
import { GREYD_TABLES } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

/** An engine on a database as greyd has it, with what it warns of. */
async function openEngine(t: TestContext) {
  const folder = temporaryFolder(t);
  const path = join(folder, 'db');
  const other = new Database(path);
  other.exec(`PRAGMA journal_mode = DELETE; ${GREYD_TABLES}`);
  t.after(() => other.close());
  const argv = ['--database', path, '--busy-timeout', '0', '-l', '-'];
  const settings = settingsForDaemon(await readSettings(parseArgv(argv)), folder);
  const warnings: string[] = [];
  const quiet = (): void => {};
  const warn = (line: string): void => void warnings.push(line);
  const logger = { debug: quiet, info: quiet, error: quiet, warn } as unknown as Logger;
  const engine = await Engine.open({ settings, logger, onDiscard: quiet, onUnusable: quiet });
  t.after(() => engine.close());
  return { engine, other, warnings };
}

test('that ended entries cannot be looked for is said once, until they can be', async t => {
  const { engine, other, warnings } = await openEngine(t);
  const said = /: it is locked by another program; ended entries stay until it works$/;
  for (const times of [1, 2]) {
    other.exec('BEGIN EXCLUSIVE');
    for (let minute = 0; minute < 3; minute++) await engine.expire();
    assert.equal(warnings.length, times, warnings.join('\n'));
    assert.match(warnings.at(-1)!, said);
    other.exec('ROLLBACK');
    await engine.expire();
  }
});

test('ended entries are looked for once at a time', async t => {
  const { engine } = await openEngine(t);
  const first = engine.expire();
  assert.equal(engine.expire(), first);
  await first;
  const later = engine.expire();
  assert.notEqual(later, first);
  await later;
});
