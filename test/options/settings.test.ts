import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatPrefix } from '../../src/address/prefix.js';
import { parseArgv } from '../../src/options/argv.js';
import { databaseOf, readSettings } from '../../src/options/settings.js';
import { DEFAULT_CONFIG, DEFAULT_DATABASE, OPTIONS, type Settings } from '../../src/options/table.js';
import { temporaryFolder } from '../support/folder.js';

const NO_FILE = '/nonexistent/spamlogd.toml';

function settingsOf(...argv: string[]): Promise<Settings> {
  return readSettings(parseArgv(argv), NO_FILE);
}

function writeConfig(t: TestContext, text: string): string {
  const path = join(temporaryFolder(t), 'spamlogd.toml');
  writeFileSync(path, text);
  return path;
}

async function refusesConfig(t: TestContext, text: string, message: string): Promise<void> {
  const path = writeConfig(t, text);
  await assert.rejects(settingsOf('--config', path), {
    name: 'UsageError',
    isConfig: true,
    message: message.replace('FILE', path),
  });
}

test('without a word every option has its default', async () => {
  const defaults = Object.entries(OPTIONS).map(([name, option]) => [name, option.default]);
  assert.deepEqual(await settingsOf(), Object.fromEntries(defaults));
  const { whiteexp, port, sort, format, 'busy-timeout': busyTimeout } = await settingsOf();
  assert.deepEqual([whiteexp, port, sort, format, busyTimeout], [864, [25], 'database', 'table', 30]);
  assert.equal(DEFAULT_CONFIG, '/etc/spamlogd.toml');
});

test('lists grow with every mention, of the others the last counts', async () => {
  const settings = await settingsOf('--port=25,587', '--port', '465', '-W1', '-W2', '--ignore=192.0.2.1');
  assert.deepEqual(settings.port, [25, 587, 465]);
  assert.equal(settings.whiteexp, 2);
  const { ignore } = await settingsOf('--ignore', '192.0.2.0/24', '--ignore=2001:db8::/32');
  assert.deepEqual(ignore.map(formatPrefix), ['192.0.2.0/24', '2001:db8::/32']);
});

test('a value out of range is refused, with its option and what it should be', async () => {
  const cases: [string[], string][] = [
    [['-W', '0'], 'option "--whiteexp" must be hours from 1 to 2160, not "0"'],
    [['-W2161'], 'option "--whiteexp" must be hours from 1 to 2160, not "2161"'],
    [['-W-5'], 'option "--whiteexp" must be hours from 1 to 2160, not "-5"'],
    [['--port=25,smtp'], 'option "--port" must be ports from 1 to 65535, not "25,smtp"'],
    [['--busy-timeout=3601'], 'option "--busy-timeout" must be seconds from 0 to 3600, not "3601"'],
    [['--database='], 'option "--database" must be a database as PATH, sqlite:PATH or spamd:PATH, not ""'],
    [
      ['--ignore=192.0.2.1/24'],
      'option "--ignore" must be an address or a network without host bits, like 192.0.2.0/24, not "192.0.2.1/24"',
    ],
    [
      ['--status=white,blue'],
      'option "--status" must be some of WHITE, TRAPPED, GREY, EXPIRED, SPAMTRAP, not "white,blue"',
    ],
  ];
  for (const [argv, message] of cases) {
    await assert.rejects(settingsOf(...argv), { name: 'UsageError', isConfig: false, message });
  }
});

test('what is wrong with a target or a peer is told', async () => {
  const cases: [string[], string][] = [
    [['-Y', 'mx0:256'], 'a host or an interface[:ttl] (this has a ttl that is not a number from 1 to 255)'],
    [
      ['-Y', '2001:db8::1'],
      'a host or an interface[:ttl] (this is an IPv6 address, which the protocol has no room for)',
    ],
    [['-Y', 'mx 2'], 'a host or an interface[:ttl]'],
    [
      ['-y', '2001:db8::1'],
      'an IPv4 address or an interface (this is an IPv6 address, which the protocol has no room for)',
    ],
    [
      ['--sync-peer', '2001:db8::/32'],
      'a host, an IPv4 address or an IPv4 network (this is IPv6, which the protocol has no room for)',
    ],
  ];
  for (const [argv, expected] of cases) {
    const error: Error = await settingsOf(...argv).catch(reason => reason);
    assert.match(error.message, /^option "--sync-(target|listen|peer)" must be /);
    assert.equal(error.message.split(' must be ')[1], `${expected}, not "${argv[1]}"`);
  }
});

test('--since is a time or an age', async () => {
  assert.deepEqual((await settingsOf('--since=@1700000000')).since, { time: 1_700_000_000 });
  assert.deepEqual((await settingsOf('--since', '2d')).since, { age: 172_800 });
  await assert.rejects(settingsOf('--since', 'monday'), /must be a length of time like .*, or a time like /);
});

test('the file says what a mail gateway needs', async t => {
  const path = writeConfig(
    t,
    `# for the mail gateway
database = "/var/lib/greyd/greyd.sqlite"
busy-timeout = 5
inbound-only = true
interface = "em0"
port = [25, 587]
ignore = ["192.0.2.0/24", "2001:db8::1"]
ignore-file = "/etc/mail/nospamd"
mail-server = "198.51.100.25"
whiteexp = 36
`,
  );
  const settings = await settingsOf('--config', path);
  assert.deepEqual(settings.database, { kind: 'sqlite', path: '/var/lib/greyd/greyd.sqlite' });
  assert.equal(settings['busy-timeout'], 5);
  assert.equal(settings['inbound-only'], true);
  assert.equal(settings.interface, 'em0');
  assert.deepEqual(settings.port, [25, 587]);
  assert.deepEqual(settings.ignore.map(formatPrefix), ['192.0.2.0/24', '2001:db8::1']);
  assert.deepEqual(settings['ignore-file'], ['/etc/mail/nospamd']);
  assert.deepEqual(settings['mail-server'].map(formatPrefix), ['198.51.100.25']);
  assert.equal(settings.whiteexp, 36);
});

test('the command line goes before the file, flags included, and the file before the defaults', async t => {
  const path = writeConfig(t, 'whiteexp = 36\ninterface = "em0"\ninbound-only = true\nport = [587]\n');
  const settings = await settingsOf('--config', path, '-W72', '--inbound-only=false', '--port=25');
  assert.equal(settings.whiteexp, 72);
  assert.equal(settings.interface, 'em0');
  assert.equal(settings['inbound-only'], false);
  assert.deepEqual(settings.port, [25]);
  assert.equal(settings['busy-timeout'], 30);
});

test('the default file is read when it exists, another only when it is not named', async t => {
  const path = writeConfig(t, 'whiteexp = 36\n');
  assert.equal((await readSettings(parseArgv([]), path)).whiteexp, 36);
  const other = writeConfig(t, '');
  assert.equal((await readSettings(parseArgv(['--config', other]), path)).whiteexp, 864);
});

test('unknown keys are refused, with the nearest known one', async t => {
  await refusesConfig(
    t,
    'whitexp = 36',
    'configuration "FILE": unknown key "whitexp"; did you mean "whiteexp"?',
  );
  for (const [key, nearest] of [
    ['DATABASE', 'database'],
    ['WhiteExp', 'whiteexp'],
    ['toString', 'strict'],
  ]) {
    const hint = `did you mean "${nearest}"?`;
    await refusesConfig(t, `${key} = 1`, `configuration "FILE": unknown key "${key}"; ${hint}`);
  }
  for (const text of ['xyz = 1', '[frobnication]\nx = 1']) {
    const path = writeConfig(t, text);
    await assert.rejects(settingsOf('--config', path), /unknown key "\w+"; did you mean "[\w-]+"\?$/);
  }
});

test('the file may give every option but those about the program', async t => {
  const only = Object.entries(OPTIONS).flatMap(([name, { isConfigurable }]) =>
    isConfigurable ? [] : [name],
  );
  assert.deepEqual(only, ['help', 'version', 'config']);
  const path = writeConfig(t, 'json = true\nlimit = 3\nstatus = ["white", "grey"]\nformat = "spamdb"\n');
  const { json, limit, status, format } = await settingsOf('--config', path);
  assert.deepEqual([json, limit, status, format], [true, 3, ['WHITE', 'GREY'], 'spamdb']);
  for (const name of ['config', 'help', 'version']) {
    await refusesConfig(
      t,
      `${name} = 1`,
      `configuration "FILE": "${name}" can be given on the command line only`,
    );
  }
});

/** What stands in the file, and what it is called. */
const VALUES: readonly (readonly [value: string, type: string])[] = [
  ['"7"', 'a string'],
  ['7', 'an integer'],
  ['7.0', 'a float'],
  ['7.5', 'a float'],
  ['nan', 'a float'],
  ['true', 'a boolean'],
  ['2026-01-31', 'a date or time'],
  ['2026-01-31T12:00:00Z', 'a date or time'],
  ['12:00:00', 'a date or time'],
  ['{ path = "x" }', 'a table'],
  ['["x"]', 'a list'],
  ['[]', 'a list'],
];

/** What every option's value is in the file: all have to stand here. */
const INTEGERS: readonly string[] = [
  'busy-timeout',
  'flush-interval',
  'limit',
  'min-count',
  'pf-fd',
  'reconcile-interval',
  'sync-port',
  'sync-window',
  'whiteexp',
];
const LISTS: Readonly<Record<string, string>> = {
  port: 'an integer or a list of integers',
  'guard-rules': 'a string, an integer or a list of strings or integers',
};

function expectedOf(name: keyof Settings): string {
  const { kind } = OPTIONS[name];
  if (kind === 'flag') return 'true or false';
  if (kind === 'list') return LISTS[name] ?? 'a string or a list of strings';
  return INTEGERS.includes(name) ? 'an integer' : 'a string';
}

test('every option refuses a value of another type than its own', async t => {
  const path = join(temporaryFolder(t), 'spamlogd.toml');
  for (const name of Object.keys(OPTIONS) as (keyof Settings)[]) {
    if (!OPTIONS[name].isConfigurable) continue;
    const expected = expectedOf(name);
    const takes = expected.replace('true or false', 'a boolean');
    for (const [value, type] of VALUES) {
      if (takes.split(/, | or /).includes(type)) continue;
      // Of a list the elements are looked at; an empty one is none of a wrong type.
      if (type === 'a list' && OPTIONS[name].kind === 'list') continue;
      const text = `${name} = ${value}`;
      writeFileSync(path, text);
      const message = `configuration "${path}": key "${name}" must be ${expected}, not ${type}`;
      await assert.rejects(
        settingsOf('--config', path),
        { name: 'UsageError', isConfig: true, message },
        text,
      );
    }
  }
});

test('every element of a list has to be of its type', async t => {
  const strings = 'a string or a list of strings';
  const cases: [string, string][] = [
    ['ignore = [true]', `key "ignore" must be ${strings}, not a list with a boolean in it`],
    ['ignore = ["192.0.2.1", 3]', `key "ignore" must be ${strings}, not a list with an integer in it`],
    ['table = [["pf:a"]]', `key "table" must be ${strings}, not a list with a list in it`],
    ['[[status]]', `key "status" must be ${strings}, not a list with a table in it`],
    ['port = [25, "587"]', `key "port" must be ${LISTS['port']}, not a list with a string in it`],
    ['port = [25, 5.0]', `key "port" must be ${LISTS['port']}, not a list with a float in it`],
    [
      'guard-rules = [1.5]',
      `key "guard-rules" must be ${LISTS['guard-rules']}, not a list with a float in it`,
    ],
    ['[database]\npath = "x"', 'key "database" must be a string, not a table'],
    ['database.path = "x"', 'key "database" must be a string, not a table'],
  ];
  for (const [text, message] of cases) await refusesConfig(t, text, `configuration "FILE": ${message}`);
});

test('values of the right type are refused where they are wrong', async t => {
  const cases: [string, string][] = [
    ['whiteexp = 0', 'key "whiteexp" must be hours from 1 to 2160, not "0"'],
    ['whiteexp = -36', 'key "whiteexp" must be hours from 1 to 2160, not "-36"'],
    ['limit = 9007199254740993', 'key "limit" must be a number from 1 to 1000000000, not "9007199254740993"'],
    ['port = [25, 0]', 'key "port" must be ports from 1 to 65535, not "25,0"'],
    ['port = []', 'key "port" must be ports from 1 to 65535, not ""'],
    ['interface = ""', 'key "interface" must be a text, not ""'],
    ['database = ""', 'key "database" must be a database as PATH, sqlite:PATH or spamd:PATH, not ""'],
  ];
  for (const [text, message] of cases) await refusesConfig(t, text, `configuration "FILE": ${message}`);
});

test('a string with a NUL is refused: no path, name or address has one', async t => {
  const nul = 'without a NUL';
  const cases: [string, string][] = [
    ['database = "a\\u0000b"', `key "database" must be a string ${nul}, not "a\0b"`],
    [
      'ignore-file = ["x", "a\\u0000b"]',
      `key "ignore-file" must be a string or a list of strings ${nul}, not "a\0b"`,
    ],
  ];
  for (const [text, message] of cases) await refusesConfig(t, text, `configuration "FILE": ${message}`);
});

test('an empty string is no path', async t => {
  const paths = [
    'sightings-database',
    'ignore-file',
    'sync-key',
    'pf-rules',
    'pf-conf',
    'nft-rules',
    'device',
  ];
  for (const key of [...paths, 'pid-file', 'control-socket', 'backup', 'user', 'interface'])
    await refusesConfig(t, `${key} = ""`, `configuration "FILE": key "${key}" must be a text, not ""`);
});

test('rules are given by their numbers, or as on the command line', async t => {
  const path = writeConfig(t, 'guard-rules = [12, "spamd:3"]\nport = 587\n');
  const settings = await settingsOf('--config', path);
  assert.deepEqual(settings['guard-rules'], ['12', 'spamd:3']);
  assert.deepEqual(settings.port, [587]);
});

test('an error of syntax is refused with its line', async t => {
  const path = writeConfig(t, 'whiteexp = 36\n\ninterface = em0\n');
  await assert.rejects(settingsOf('--config', path), (error: Error) => {
    assert.ok(error.message.startsWith(`configuration "${path}" line 3: `), error.message);
    assert.equal(error.message.includes('\n'), false);
    return true;
  });
});

test('a file that is no UTF-8 is refused with its line, a comment of it included', async t => {
  const cases: [string, number, string][] = [
    ['database = "/srv/gr\xfcn.sqlite"\n', 1, 'byte 20 is 0xfc'],
    ['whiteexp = 36\r\n# gr\xfcn\r\n', 2, 'byte 5 is 0xfc'],
    ['# \xc3\xa4\xc3\n', 1, 'byte 5 is 0xc3'],
    ['\n\n# \xed\xa0\x80', 3, 'byte 3 is 0xed'],
    ['\xff\xfew\0h\0i\0', 1, 'byte 1 is 0xff'],
  ];
  for (const [bytes, line, where] of cases) {
    const path = writeConfig(t, '');
    writeFileSync(path, bytes, 'latin1');
    const message = `configuration "${path}" line ${line}: ${where}, and no UTF-8`;
    await assert.rejects(settingsOf('--config', path), { name: 'UsageError', isConfig: true, message });
  }
  const whole = writeConfig(t, '# \u{fffd} \u00e4 \u{1f600}\ndatabase = "/srv/gr\u00fcn"\n');
  const { database } = await settingsOf('--config', whole);
  assert.equal(database?.path, '/srv/gr\u00fcn');
});

test('a file that is named has to be readable', async t => {
  const folder = temporaryFolder(t);
  const refuses = async (path: string, reason: string): Promise<void> => {
    const message = `Cannot read configuration "${path}": ${reason}`;
    await assert.rejects(settingsOf('--config', path), { name: 'UsageError', isConfig: true, message });
  };
  await refuses(join(folder, 'none.toml'), 'no such file');
  await refuses(folder, 'is a directory');
});

const isRoot = process.getuid?.() === 0;

test('a file without permission is refused', { skip: isRoot && 'root may read everything' }, async t => {
  const path = writeConfig(t, '');
  chmodSync(path, 0);
  const message = `Cannot read configuration "${path}": permission denied`;
  await assert.rejects(settingsOf('--config', path), { name: 'UsageError', isConfig: true, message });
});

test('the database is the one given, else that of the environment, else the default', async () => {
  const none = await settingsOf();
  const given = await settingsOf('--database', 'a.sqlite');
  const prefixed = await settingsOf('--database', 'sqlite:a.sqlite');
  const environment = { SPAMLOGD_DATABASE: 'sqlite:/tmp/b.sqlite' };
  const spamd = await settingsOf('--database', 'spamd:/var/db/spamd');
  const sqlite = (path: string): object => ({ kind: 'sqlite', path });
  assert.deepEqual(databaseOf(none, {}), sqlite(DEFAULT_DATABASE));
  assert.deepEqual(databaseOf(none, { SPAMLOGD_DATABASE: '' }), sqlite(DEFAULT_DATABASE));
  assert.deepEqual(databaseOf(none, environment), sqlite('/tmp/b.sqlite'));
  assert.deepEqual(databaseOf(given, environment), sqlite('a.sqlite'));
  assert.deepEqual(databaseOf(prefixed, environment), sqlite('a.sqlite'));
  assert.deepEqual(databaseOf(spamd, environment), { kind: 'spamd', path: '/var/db/spamd' });
});

test('a database of an unknown kind is refused, wherever it is named', async () => {
  const expected = 'a database as PATH, sqlite:PATH or spamd:PATH';
  for (const name of ['mysql:x', 'SQLITE:x', 'sqlite:', 'spamd:']) {
    await assert.rejects(settingsOf('--database', name), {
      name: 'UsageError',
      message: `option "--database" must be ${expected}, not "${name}"`,
    });
    const none = await settingsOf();
    assert.throws(() => databaseOf(none, { SPAMLOGD_DATABASE: name }), {
      name: 'UsageError',
      message: `environment variable SPAMLOGD_DATABASE must be ${expected}, not "${name}"`,
    });
  }
  assert.deepEqual(databaseOf(await settingsOf('--database', './a:b')), { kind: 'sqlite', path: './a:b' });
});
