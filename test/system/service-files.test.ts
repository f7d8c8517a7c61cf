import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgv } from '../../src/options/argv.js';
import { databaseOf, readSettings } from '../../src/options/settings.js';

const ETC = fileURLToPath(new URL('../../../etc/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'spamlogd-service-'));
after(() => rmSync(folder, { recursive: true }));

const noSystemd = spawnSync('systemd-analyze', ['--version']).status !== 0 && 'systemd is not installed here';

/** A unit with a program that is there, so that only the unit itself is judged. */
function unitFile(name: string): string {
  const path = join(folder, name);
  const text = readFileSync(join(ETC, 'systemd', name), 'utf8');
  writeFileSync(path, text.replace('/usr/bin/spamlogd', process.execPath));
  return path;
}

for (const [name, exposure] of [
  ['spamlogd.service', 3.2],
  ['spamlogd-unprivileged.service', 2.3],
] as const) {
  test(`${name}: systemd finds nothing to complain of`, { skip: noSystemd }, () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unitFile(name)], {
      encoding: 'utf8',
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  test(`${name}: its exposure is at most ${exposure}`, { skip: noSystemd }, () => {
    const threshold = `--threshold=${Math.round(exposure * 10)}`;
    const { status, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=yes', threshold, '--no-pager', unitFile(name)],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout.match(/^→.*$/m)?.[0]);
  });
}

/** The values of a unit's key, in their order. */
function valuesOf(name: string, key: string): string[] {
  const text = readFileSync(join(ETC, 'systemd', name), 'utf8');
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(match => match[1]!);
}

for (const [name, prefix] of [
  ['spamlogd.service', '!'],
  ['spamlogd-unprivileged.service', ''],
] as const) {
  test(`${name}: what is written is in folders that systemd makes, for a user that is made as well`, async () => {
    const [user] = valuesOf(name, 'User');
    assert.deepEqual(valuesOf(name, 'Group'), [user]);
    const users = readFileSync(join(ETC, 'systemd/spamlogd-sysusers.conf'), 'utf8');
    assert.match(users, new RegExp(`^u ${user} - "`, 'm'));

    const [program, ...argv] = valuesOf(name, 'ExecStart')[0]!.split(' ');
    assert.equal(program, `${prefix}/usr/bin/spamlogd`);
    const settings = await readSettings(parseArgv(argv), '/nonexistent');
    assert.equal(settings.user, user);
    assert.deepEqual([settings.debug, settings['log-level']], [true, 'info']);
    const [variable, value] = valuesOf(name, 'Environment')[0]!.split('=');
    assert.equal(
      dirname(databaseOf(settings, { [variable!]: value }).path),
      join('/var/lib', valuesOf(name, 'StateDirectory')[0]!),
    );
    assert.equal(dirname(settings['control-socket']), join('/run', valuesOf(name, 'RuntimeDirectory')[0]!));
  });

  test(`${name}: whoever reloads it may send the daemon a signal`, () => {
    assert.deepEqual(valuesOf(name, 'ExecReload'), [`${prefix}/bin/kill -HUP $MAINPID`]);
  });
}

/** A folder of programs that say what they were called with, and end with the status that their file holds. */
function stubs(
  name: string,
  statuses: Readonly<Record<string, string>>,
): { path: string; calls: () => string[] } {
  const path = join(folder, name);
  mkdirSync(path);
  const log = join(path, 'calls');
  writeFileSync(log, '');
  for (const [program, lines] of Object.entries(statuses)) {
    const file = join(path, program);
    writeFileSync(file, `#!/bin/sh\necho "${program} $*" >>${log}\n${lines}\n`);
    chmodSync(file, 0o755);
  }
  return { path, calls: () => readFileSync(log, 'utf8').split('\n').slice(0, -1) };
}

/** Runs a shell's lines after a script whose framework was replaced. */
function runScript(
  shell: readonly string[],
  file: string,
  framework: [string, string],
  lines: string,
  path: string,
): { status: number | null; stdout: string; stderr: string } {
  const text = readFileSync(join(ETC, file), 'utf8').replace(...framework);
  assert.ok(!text.includes(`\n. /etc/rc`), 'the framework was replaced');
  const [program, ...args] = shell;
  return spawnSync(program!, [...args, '-c', `${text}\n${lines}`, 'spamlogd'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${path}${delimiter}${process.env['PATH']}` },
  });
}

// pdksh's patterns are bash's extended ones.
const noBash = spawnSync('bash', ['--version']).status !== 0 && 'bash is not installed here';

function openbsd(flags: string, lines: string, path: string): ReturnType<typeof runScript> {
  const framework: [string, string] = [
    '. /etc/rc.d/rc.subr',
    `rc_cmd() { :; }; rc_exec() { echo "exec $*"; }; daemon_flags='${flags}'`,
  ];
  return runScript(['bash', '-O', 'extglob'], 'openbsd/spamlogd.rc', framework, lines, path);
}

test('OpenBSD: the interface is that of the flags', { skip: noBash }, () => {
  for (const [flags, expected] of [
    ['', 'pflog0\n'],
    ['-D', 'pflog0\n'],
    ['-l pflog1', 'pflog1\n'],
    ['-lpflog12', 'pflog12\n'],
    ['-DIl pflog3 -W 24', 'pflog3\n'],
    ['-Ilpflog4', 'pflog4\n'],
    ['-l pflog1 -l pflog2', 'pflog2\n'],
    ['-i em0 -W 24', 'pflog0\n'],
    ['-l -', ''],
    ['-l /var/log/pflog.fifo', ''],
    ['-l pflog0x', ''],
    ['--device pflog5', 'pflog5\n'],
    ['-W 24 --device=pflog6', 'pflog6\n'],
    ['--device=pflog6 -l -', ''],
  ] as const) {
    assert.equal(openbsd(flags, 'pflog_interface', '').stdout, expected, flags);
  }
});

test('OpenBSD: the interface is created where it is missing, and upped, once pf is enabled', {
  skip: noBash,
}, () => {
  const enabled = 'echo "Status: Enabled for 0 days 00:01:00"';
  const missing = stubs('obsd-missing', { pfctl: enabled, ifconfig: '[ $# -gt 1 ]' });
  assert.equal(openbsd('-l pflog1', 'rc_pre', missing.path).status, 0);
  assert.deepEqual(missing.calls(), [
    'pfctl -s info',
    'ifconfig pflog1',
    'ifconfig pflog1 create',
    'ifconfig pflog1 up',
  ]);

  const present = stubs('obsd-present', { pfctl: enabled, ifconfig: '' });
  assert.equal(openbsd('', 'rc_pre', present.path).status, 0);
  assert.deepEqual(present.calls(), ['pfctl -s info', 'ifconfig pflog0', 'ifconfig pflog0 up']);

  const disabled = stubs('obsd-disabled', { pfctl: 'echo "Status: Disabled"', ifconfig: '' });
  assert.equal(openbsd('', 'rc_pre', disabled.path).status, 1);
  assert.deepEqual(disabled.calls(), ['pfctl -s info']);

  const stream = stubs('obsd-stream', { pfctl: enabled, ifconfig: '' });
  assert.equal(openbsd('-l -', 'rc_pre', stream.path).status, 0);
  assert.deepEqual(stream.calls(), ['pfctl -s info']);
});

test('OpenBSD: the daemon is found by its pid file', { skip: noBash }, () => {
  const pidFile = join(folder, 'openbsd.pid');
  const run = (lines: string): number | null => openbsd('', `pidfile=${pidFile}; ${lines}`, '').status;
  assert.equal(run('rc_check'), 1, 'no file');
  writeFileSync(pidFile, `${process.pid}\n`);
  assert.equal(run('rc_check'), 0);
  writeFileSync(pidFile, '999999999\n');
  assert.equal(run('rc_check'), 1, 'stale');
  assert.equal(
    openbsd('-l pflog1', 'rc_start', '').stdout,
    'exec SPAMLOGD_DATABASE=spamd:/var/db/spamd /usr/local/bin/spamlogd --pid-file /var/run/spamlogd.pid -l pflog1\n',
  );
});

function freebsd(settings: string, lines: string, path: string): ReturnType<typeof runScript> {
  const framework: [string, string] = [
    '. /etc/rc.subr',
    `load_rc_config() { ${settings || ':'}; }; run_rc_command() { :; }; warn() { echo "$*" >&2; }`,
  ];
  return runScript(['sh'], 'freebsd/spamlogd.in', framework, lines, path);
}

test('FreeBSD: the interface is created where it is missing, and upped', () => {
  const missing = stubs('fbsd-missing', { kldstat: 'exit 1', kldload: '', ifconfig: '[ $# -gt 1 ]' });
  assert.equal(freebsd('', 'spamlogd_prestart', missing.path).status, 0);
  assert.deepEqual(missing.calls(), [
    'kldstat -q -m pflog',
    'kldload pflog',
    'ifconfig pflog0',
    'ifconfig pflog0 create',
    'ifconfig pflog0 up',
  ]);

  const present = stubs('fbsd-present', { kldstat: '', ifconfig: '' });
  assert.equal(freebsd('spamlogd_pflog=pflog1', 'spamlogd_prestart', present.path).status, 0);
  assert.deepEqual(present.calls(), ['kldstat -q -m pflog', 'ifconfig pflog1', 'ifconfig pflog1 up']);

  const refused = stubs('fbsd-refused', { kldstat: '', ifconfig: 'exit 1' });
  const { status, stderr } = freebsd('', 'spamlogd_prestart', refused.path);
  assert.deepEqual({ status, stderr }, { status: 1, stderr: 'cannot create pflog0\n' });

  const untouched = stubs('fbsd-untouched', { kldstat: '', ifconfig: '' });
  assert.equal(freebsd('spamlogd_pflog=""', 'spamlogd_prestart', untouched.path).status, 0);
  assert.deepEqual(untouched.calls(), []);
});

test('FreeBSD: the daemon listens on the interface that was made, unless the flags say otherwise', () => {
  const { path } = stubs('fbsd-flags', { kldstat: '', ifconfig: '' });
  const flagsOf = (settings: string): string =>
    freebsd(settings, 'rc_flags="-W 24"; spamlogd_prestart; echo $rc_flags $command_args', path).stdout;
  assert.equal(flagsOf(''), '-l pflog0 -W 24 --pid-file /var/run/spamlogd.pid\n');
  assert.equal(flagsOf('spamlogd_pflog=pflog1'), '-l pflog1 -W 24 --pid-file /var/run/spamlogd.pid\n');
  assert.equal(flagsOf('spamlogd_pflog=""'), '-W 24 --pid-file /var/run/spamlogd.pid\n');
});

test("FreeBSD: Node.js is found, which is not in rc(8)'s own path", () => {
  const { stdout } = freebsd('', 'printenv PATH', '');
  assert.ok(stdout.endsWith(':%%PREFIX%%/bin\n'), stdout);
  assert.match(
    readFileSync(join(ETC, 'freebsd/spamlogd.in'), 'utf8'),
    /^command="%%PREFIX%%\/bin\/spamlogd"$/m,
  );
});

test("FreeBSD: the database is spamd's, unless it is told otherwise", () => {
  const environment = (settings: string): string => freebsd(settings, 'echo $spamlogd_env', '').stdout;
  assert.equal(environment(''), 'SPAMLOGD_DATABASE=spamd:/var/db/spamd\n');
  assert.equal(environment('spamlogd_env=""'), '\n');
});
