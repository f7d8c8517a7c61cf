import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PfctlDouble } from '../doubles/pfctl-double.js';
import type { PfState } from '../doubles/pfctl-state.js';
import { pflogCapture } from '../support/captures.js';
import { type Outcome, run } from '../support/cli.js';
import { entries } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';
import { Folder, makeFifo, openFifo, until } from './running-daemon.js';

/** Where the program looks for pfctl besides the system's own folders. */
const PROGRAMS = '/usr/local/sbin';
const UNSHARE = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

/** Why no program can be put where the system's are, or false. */
const skip: string | false =
  spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'mount', '--bind', '/tmp', PROGRAMS]).status !== 0 &&
  'needs mount namespaces';

/** A pf of its own, and a database with these white addresses. */
async function setUp(t: TestContext, white: readonly string[], state: Partial<PfState> = {}) {
  const pf = new PfctlDouble(state);
  t.after(() => pf.remove());
  const programs = temporaryFolder(t);
  pf.install(programs);
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  await run(['add', '--database', database, ...(white.length > 0 ? white : ['192.0.2.200'])]);
  if (white.length === 0) await run(['delete', '--database', database, '192.0.2.200']);
  const open = `exec 9<>${DEVICE} 8</etc/passwd`;
  const script = `${open}; mount --bind "$0" ${PROGRAMS} && exec "$@"`;
  const within = [...UNSHARE, 'sh', '-c', script, programs];
  const command = (args: readonly string[], input?: Buffer): Promise<Outcome> =>
    run([...args, '--database', database], { within, ...(input && { input }) });
  return { pf, database, command, within };
}

/** A character device in the place of /dev/pf, open as descriptor 9. */
const DEVICE = '/dev/full';

const holds = (...addresses: string[]): Partial<PfState> => ({
  tables: { 'spamd-white': { flags: '-pa-r--', addresses } },
});
const held = (pf: PfctlDouble): string[] => pf.state.tables['spamd-white']!.addresses.toSorted();

/** The commands that changed the table or tried to, `-n` before them where they were only to be checked. */
function changes(pf: PfctlDouble): string[] {
  return pf.calls.flatMap(args => {
    const command = args[args.indexOf('-T') + 1]!;
    if (!['add', 'delete', 'replace'].includes(command)) return [];
    return [args.includes('-n') ? `-n ${command}` : command];
  });
}

const TABLE = '--table=pf:spamd-white';

test('table show prints what is in the table, in lines or as JSON', { skip }, async t => {
  const { command } = await setUp(t, [], holds('192.0.2.1', '2001:db8::1', '192.0.2.0/25', '!192.0.2.9'));
  const { status, stdout, stderr } = await command(['table', 'show', TABLE]);
  assert.deepEqual([status, stdout, stderr], [0, '192.0.2.1\n2001:db8::1\n192.0.2.0/25\n!192.0.2.9\n', '']);
  const json = await command(['table', 'show', TABLE, '--json']);
  assert.deepEqual(JSON.parse(json.stdout.split('\n')[1]!), {
    table: 'pf table <spamd-white>',
    address: '2001:db8::1',
  });
});

test('table diff tells what is missing and what is not white, and its status whether anything is', {
  skip,
}, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1', '2001:db8::1'], holds('192.0.2.1', '203.0.113.9'));
  const { status, stdout } = await command(['table', 'diff', TABLE]);
  assert.equal(status, 1);
  assert.deepEqual(stdout.trim().split('\n'), [
    '+ 2001:db8::1',
    '- 203.0.113.9',
    'pf table <spamd-white>: 2 in it, 2 white, 1 missing, 1 not white',
  ]);
  const json = await command(['table', 'diff', TABLE, '--json']);
  assert.equal(json.status, 1);
  const report = JSON.parse(json.stdout);
  assert.deepEqual(
    [report.table, report.held, report.white, report.fading, report.surplus],
    ['pf table <spamd-white>', 2, 2, [], [{ address: '203.0.113.9' }]],
  );
  assert.deepEqual(
    report.missing.map((entry: { address: string }) => entry.address),
    ['2001:db8::1'],
  );
  pf.change(state => Object.assign(state, holds('192.0.2.1', '2001:db8::1')));
  const inLine = await command(['table', 'diff', TABLE]);
  assert.deepEqual(
    [inLine.status, inLine.stdout],
    [0, 'pf table <spamd-white>: 2 in it, 2 white, 0 missing, 0 not white\n'],
  );
});

test('table push --dry-run has pfctl check the change and makes none', { skip }, async t => {
  const before = ['192.0.2.1', '203.0.113.9'];
  const { pf, command } = await setUp(t, ['192.0.2.1', '192.0.2.2'], holds(...before));
  const { status, stdout } = await command(['table', 'push', TABLE, '--dry-run', '--table-owner']);
  assert.deepEqual(
    [status, stdout],
    [0, 'pf table <spamd-white>: would be 1 added, 0 refreshed, 1 removed\n'],
  );
  assert.deepEqual(held(pf), before);
  assert.deepEqual(changes(pf), ['-n replace']);
  await command(['table', 'push', TABLE, '--dry-run']);
  assert.deepEqual(changes(pf).slice(1), ['-n add']);
  pf.change(state => {
    Object.assign(state, { platform: 'freebsd', requestMaxcount: 1 });
    Object.assign(state, holds('203.0.113.9'));
  });
  await command(['table', 'push', TABLE, '--dry-run', '--table-owner']);
  assert.deepEqual(changes(pf).slice(2, 4), ['-n replace', '-n add']);
  assert.equal(changes(pf).at(-1), '-n delete');
});

test('table push takes out before it adds, so that what fits goes into a full table', { skip }, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1', '192.0.2.2'], {
    ...holds('192.0.2.1', '203.0.113.9'),
    limit: 2,
  });
  for (const more of [['--dry-run'], []]) {
    const { status, stdout, stderr } = await command(['table', 'push', TABLE, '--table-owner', ...more]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /1 added, 0 refreshed, 1 removed$/m);
  }
  assert.deepEqual(held(pf), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(changes(pf), ['-n replace', 'delete', 'add']);
});

test('table push replaces what would leave the table empty in between, in one step', { skip }, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1', '2001:db8::1'], {
    ...holds('203.0.113.9', '2001:db8::1'),
    limit: 2,
  });
  assert.equal((await command(['table', 'push', TABLE, '--table-owner'])).status, 0);
  assert.deepEqual(held(pf), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(changes(pf), ['replace']);
  // Where pf has no room for both lists at a time.
  pf.change(state => {
    Object.assign(state, holds('203.0.113.9', '2001:db8::1'));
    state.faults = [{ kind: 'enomem', command: 'replace' }];
  });
  assert.equal((await command(['table', 'push', TABLE, '--table-owner'])).status, 0);
  assert.deepEqual(held(pf), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(changes(pf), ['replace', 'replace', 'delete', 'add']);
});

test('a table that fails keeps none of the others from its turn, and its status is the last word', {
  skip,
}, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1'], holds());
  const first = 'pf table <nope>: there is no such table';
  const cases: [string[], string, Buffer?][] = [
    [['table', 'show'], ''],
    [['table', 'diff'], '+ 192.0.2.1\npf table <spamd-white>: 0 in it, 1 white, 1 missing, 0 not white\n'],
    [['table', 'push'], 'pf table <spamd-white>: 1 added, 0 refreshed, 0 removed\n'],
    [['table', 'show'], '192.0.2.1\n'],
    [
      ['replay', '--push', '-'],
      'pf table <spamd-white>: 0 added, 0 refreshed, 0 removed\n',
      pflogCapture({ src: '192.0.2.7', time: 1_000_000_000 }),
    ],
  ];
  for (const [args, expected, input] of cases) {
    const outcome = await command([...args, '--table=pf:nope', TABLE, '--table=pf:nope2'], input);
    assert.equal(outcome.status, 69, args.join(' '));
    if (input === undefined) assert.equal(outcome.stdout, expected);
    else assert.ok(outcome.stdout.endsWith(expected));
    const lines = outcome.stderr.trimEnd().split('\n');
    assert.equal(lines.length, 2, outcome.stderr);
    assert.ok(lines[0]!.includes(first), lines[0]);
    assert.ok(lines[1]!.includes('pf table <nope2>: there is no such table'));
  }
  pf.change(state => {
    state.faults = [{ kind: 'eperm', command: 'show', times: 1 }];
  });
  const { status, stdout } = await command(['table', 'show', TABLE, TABLE, '--table=pf:nope']);
  assert.deepEqual([status, stdout], [77, '192.0.2.1\n'], 'the first failure counts');
});

test('table push and diff warn of what is not wrong yet', { skip }, async t => {
  const { command } = await setUp(t, ['192.0.2.1'], {
    tables: { 'spamd-white': { flags: '--a-r--', addresses: [] } },
    enabled: false,
  });
  const time = Math.floor(Date.now() / 1000) - 60;
  const capture = pflogCapture({ time, src: '192.0.2.7' });
  for (const [args, input] of [
    [['table', 'diff']],
    [['table', 'push', '--json']],
    [['replay', '--push', '-'], capture],
  ] as [string[], Buffer?][]) {
    const { stderr } = await command([...args, TABLE], input);
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      'spamlogd: warning: pf table <spamd-white> is not declared "persist": it vanishes when the last rule that names it goes',
      'spamlogd: warning: pf is disabled: no table has an effect',
    ]);
  }
});

test('table push adds what is missing, and takes out what is not white for an owner only', {
  skip,
}, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1', '2001:db8::1'], holds('203.0.113.9'));
  const added = await command(['table', 'push', TABLE]);
  assert.deepEqual(
    [added.status, added.stdout],
    [0, 'pf table <spamd-white>: 2 added, 0 refreshed, 0 removed\n'],
  );
  assert.deepEqual(held(pf), ['192.0.2.1', '2001:db8::1', '203.0.113.9']);
  const owned = await command(['table', 'push', TABLE, '--table-owner']);
  assert.equal(owned.stdout, 'pf table <spamd-white>: 0 added, 0 refreshed, 1 removed\n');
  assert.deepEqual(held(pf), ['192.0.2.1', '2001:db8::1']);
});

test('table push empties a table only when forced, also in a dry run', { skip }, async t => {
  const { pf, command } = await setUp(t, [], holds('203.0.113.9'));
  for (const more of [[], ['--dry-run']]) {
    const refused = await command(['table', 'push', TABLE, '--table-owner', ...more]);
    assert.deepEqual(
      [refused.status, refused.stdout, refused.stderr],
      [
        69,
        '',
        'spamlogd: Cannot replace pf table <spamd-white> with an empty list unless forced: all mail would be delayed\n',
      ],
    );
  }
  assert.deepEqual(held(pf), ['203.0.113.9']);
  assert.equal((await command(['table', 'push', TABLE, '--table-owner', '--force'])).status, 0);
  assert.deepEqual(held(pf), []);
});

test('replay --push puts what it whitelisted into the table', { skip }, async t => {
  const { pf, database, command } = await setUp(t, ['192.0.2.1']);
  const time = Math.floor(Date.now() / 1000) - 60;
  const capture = pflogCapture({ time, src: '192.0.2.7' }, { time, src: '2001:db8::7', dst: '2001:db8::25' });
  const { status, stdout, stderr } = await command(['replay', '--push', TABLE, '-'], capture);
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout.trimEnd().split('\n').at(-1),
    'pf table <spamd-white>: 3 added, 0 refreshed, 0 removed',
  );
  assert.deepEqual(held(pf), ['192.0.2.1', '192.0.2.7', '2001:db8::7']);
  assert.equal(entries(database).length, 3);
});

test('replay --push --dry-run tells what would be pushed, and changes neither database nor table', {
  skip,
}, async t => {
  const { pf, database, command } = await setUp(t, ['192.0.2.1']);
  const time = Math.floor(Date.now() / 1000) - 60;
  const args = ['replay', '--push', '--dry-run', TABLE, '-'];
  const { status, stdout, stderr } = await command(args, pflogCapture({ time, src: '192.0.2.7' }));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /: would be 2 added, 0 refreshed, 0 removed\n$/);
  assert.deepEqual(held(pf), []);
  assert.equal(entries(database).length, 1);
});

test('what is wrong with pf is told in one line', { skip }, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1'], { tables: {} });
  const refuses = async (status: number, why: RegExp, ...args: string[]): Promise<void> => {
    const outcome = await command(args);
    assert.deepEqual([outcome.status, outcome.stdout], [status, ''], outcome.stderr);
    assert.match(outcome.stderr, why);
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1);
  };
  await refuses(69, /there is no such table; declare "table <spamd-white> persist"/, 'table', 'show', TABLE);
  await refuses(69, /there is no anchor "spam"; load it/, 'table', 'diff', '--table=pf:spam/white');
  pf.change(state => {
    Object.assign(state, holds());
    state.faults = [{ kind: 'eperm', command: 'add' }];
  });
  await refuses(77, /pf forbids it; run pfctl as root/, 'table', 'push', TABLE);
  pf.change(state => {
    state.faults = [{ kind: 'enomem', command: 'add' }];
  });
  await refuses(69, /raise "set limit table-entries" in pf\.conf/, 'table', 'push', TABLE);
  pf.change(state => {
    state.faults = [{ kind: 'no-device' }];
  });
  await refuses(69, /pf is not in this kernel/, 'table', 'diff', TABLE);
});

test('pfctl is handed the open /dev/pf that was handed to us', { skip }, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1']);
  const capture = pflogCapture({ time: 1_000_000_000, src: '192.0.2.7' });
  const { rdev } = statSync(DEVICE);
  for (const [args, input] of [
    [['table', 'show']],
    [['table', 'diff']],
    [['table', 'push']],
    [['replay', '--push', '-'], capture],
  ] as [string[], Buffer?][]) {
    const { stderr } = await command([...args, TABLE, '--pf-fd', '9'], input);
    assert.equal(stderr, '');
  }
  assert.ok(pf.calls.length > 4);
  assert.deepEqual(
    pf.devices,
    pf.calls.map(() => ({ device: '/dev/fd/3', rdev })),
  );
  assert.deepEqual(pf.calls[0]!.slice(0, 2), ['-p', '/dev/fd/3']);
});

test('a descriptor that cannot be an open /dev/pf is refused before anything is done', { skip }, async t => {
  const { pf, command } = await setUp(t, ['192.0.2.1']);
  for (const [fd, why] of [
    ['2', 'option "--pf-fd" must be a descriptor from 3 to 63, not "2"'],
    ['64', 'option "--pf-fd" must be a descriptor from 3 to 63, not "64"'],
    ['63', 'option "--pf-fd" names descriptor 63, which is not open'],
    ['8', 'option "--pf-fd" names descriptor 8, which is not an open /dev/pf'],
  ])
    for (const args of [['table', 'show'], ['replay', '--push', '/nonexistent'], ['-D'], []]) {
      const { status, stderr } = await command([...args, TABLE, '--pf-fd', fd!]);
      assert.deepEqual([status, stderr], [64, `spamlogd: ${why}\n`]);
    }
  assert.deepEqual(pf.devices, []);
});

test('the daemon hands its open /dev/pf to pfctl, in the foreground as in the background', {
  skip: skip || (process.getuid?.() !== 0 && 'needs root'),
}, async t => {
  const { pf, within } = await setUp(t, []);
  const { rdev } = statSync(DEVICE);
  const folder = new Folder({ uid: 65_534, gid: 65_534 });
  t.after(() => folder.remove());
  makeFifo(folder.at('log'));
  const options = ['-l', folder.at('log'), TABLE, '--pf-fd', '9'];
  const daemon = folder.startAsRoot(within, ...options);
  await daemon.logged(/ is in line with the database: /);
  daemon.signal('SIGTERM');
  await daemon.ended();
  const { length } = pf.calls;
  assert.deepEqual(
    pf.devices,
    pf.calls.map(() => ({ device: '/dev/fd/3', rdev })),
  );
  const pid = folder.at('pid');
  const more = ['--user', 'nobody', '--pid-file', pid, ...folder.options];
  const writer = openFifo(folder.at('log'));
  const { status, stderr } = await run([...options, ...more], { within });
  assert.deepEqual([status, stderr], [0, '']);
  await until(() => pf.devices.length > length);
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
  (await writer).destroy();
  await until(() => !existsSync(pid));
  assert.ok(pf.devices.every(one => one.rdev === rdev));
});
