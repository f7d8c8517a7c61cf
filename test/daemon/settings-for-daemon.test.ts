import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { logOptions, reloadSettings, settingsForDaemon } from '../../src/daemon/settings-for-daemon.js';
import { parseArgv } from '../../src/options/argv.js';
import { readSettings } from '../../src/options/settings.js';
import type { Settings } from '../../src/options/table.js';

function settingsOf(...argv: string[]): Promise<Settings> {
  return readSettings(parseArgv(argv));
}

test('paths are made absolute from the folder where the daemon was started', async () => {
  const settings = await settingsOf(
    '-l',
    './log',
    '--database',
    'db',
    '--control-socket',
    '/c',
    '--pid-file',
    'p',
  );
  const ready = settingsForDaemon(settings, '/start');
  assert.equal(ready.device, '/start/log');
  assert.deepEqual(ready.database, { kind: 'sqlite', path: '/start/db' });
  assert.equal(ready['control-socket'], '/c');
  assert.equal(ready['pid-file'], '/start/p');
});

test('a device that is no path stays as it is', async () => {
  for (const device of ['-', 'pflog3', 'nflog:1,2'])
    assert.equal(settingsForDaemon(await settingsOf('-l', device), '/start').device, device);
});

test('files of networks are read where the daemon was started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spamlogd-'));
  try {
    writeFileSync(join(folder, 'ours'), '# ours\n192.0.2.0/24\n');
    const settings = await settingsOf('--ignore', '2001:db8::/32', '--ignore-file', 'ours');
    const ready = settingsForDaemon(settings, folder);
    assert.deepEqual(
      ready.ignore.map(({ bits }) => bits),
      [32, 96 + 24],
    );
    assert.deepEqual(ready['ignore-file'], []);
    assert.throws(() => settingsForDaemon(settings, '/nowhere'), /"\/nowhere\/ours": no such file/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what another process is sent is the same afterwards', async () => {
  const ready = settingsForDaemon(
    await settingsOf('--ignore', '192.0.2.0/24', '--table', 'nft:inet:t:a:b', '-W', '24'),
    '/start',
  );
  const sent: Settings = JSON.parse(JSON.stringify(ready));
  for (const [name, value] of Object.entries(ready)) assert.deepEqual(sent[name as keyof Settings], value);
});

test('a reload takes what can change, and names what waits for a restart', async () => {
  const before = await settingsOf('-W', '24', '--user', 'a', '--port', '25');
  const after = await settingsOf('-W', '48', '--user', 'b', '--port', '25,587', '-I');
  const { settings, waiting } = reloadSettings(before, after);
  assert.deepEqual(waiting, ['user', 'port']);
  assert.equal(settings.whiteexp, 48);
  assert.equal(settings['inbound-only'], true);
  assert.equal(settings.user, 'a');
  assert.deepEqual(settings.port, [25]);
});

test('the log goes to syslog, with -D to standard error, and where it is told', async () => {
  assert.deepEqual(logOptions(await settingsOf()), { format: 'syslog', level: 'info' });
  const debug = logOptions(await settingsOf('-D'));
  assert.equal(debug.level, 'debug');
  assert.notEqual(debug.format, 'syslog');
  assert.deepEqual(logOptions(await settingsOf('-D', '--log', 'syslog', '--log-level', 'warn')), {
    format: 'syslog',
    level: 'warn',
  });
});
