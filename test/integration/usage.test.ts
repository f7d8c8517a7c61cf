import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/commands/registry.js';
import { pflogCapture, START } from '../support/captures.js';
import { run } from '../support/cli.js';
import { entries } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

async function refuses(args: string[], status: number, message: string): Promise<void> {
  const outcome = await run(args);
  assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [status, '', `spamlogd: ${message}\n`]);
}

test('--version tells the package’s', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  for (const argv of [['--version'], ['-V'], ['query', '-V']]) {
    const { status, stdout, stderr } = await run(argv);
    assert.deepEqual([status, stdout, stderr], [0, `spamlogd ${version}\n`, '']);
  }
});

test('--help=false and --version=false ask for nothing', async () => {
  for (const flag of ['--help=false', '--version=false']) {
    await refuses(['query', flag], 64, '"query" needs ADDRESS|NETWORK…');
  }
});

test('--help names every command', async () => {
  const { status, stdout } = await run(['--help']);
  assert.equal(status, 0);
  for (const { name, operands } of COMMANDS) assert.ok(stdout.includes(`spamlogd ${name} ${operands}`), name);
});

test('a command’s --help names every option of it, with letter and argument', async () => {
  const { stdout } = await run(['replay', '-h']);
  const flat = stdout.replace(/\s+/g, ' ');
  for (const { name, options } of COMMANDS) {
    if (name !== 'replay') continue;
    for (const option of options) assert.ok(flat.includes(`--${option} `), option);
  }
  assert.match(flat, /-W, --whiteexp HOURS: .* \[864\]/);
  assert.match(flat, /-n, --dry-run Write nothing/);
  assert.match(flat, /--port PORT\[,PORT\]: Destination ports of mail \[25\]/);
});

test('an unknown command is refused with the nearest known one', async () => {
  await refuses(['repaly', 'x'], 64, 'unknown command "repaly"; did you mean "replay"?');
  await refuses(['frobnicate', '--help'], 64, 'unknown command "frobnicate"');
});

test('operands that are missing or too many are told', async () => {
  await refuses(['replay'], 64, '"replay" needs FILE…');
  await refuses(['query', '--json'], 64, '"query" needs ADDRESS|NETWORK…');
  await refuses(['list', 'x'], 64, '"list" takes no operand');
});

test('an option of another command is refused, an unknown one with its nearest', async () => {
  await refuses(['replay', '--at=@0', 'x'], 64, 'option "--at" is not for "replay"');
  await refuses(['list', '-n'], 64, 'option "--dry-run" is not for "list"');
  await refuses(['list', '--statsu=WHITE'], 64, 'unknown option "--statsu"; did you mean "--status"?');
  await refuses(['replay', '-W', '0', 'x'], 64, 'option "--whiteexp" must be hours from 1 to 2160, not "0"');
});

test('a message is one line, whatever the name in it, and sends a terminal no commands', async t => {
  const name = 'a\n\u001b[31mb';
  const shown = 'a??[31mb';
  await refuses([name], 64, `unknown command "${shown}"`);
  await refuses(['list', `--${name}`], 64, `unknown option "--${shown}"`);
  await refuses(['query', name], 64, `"${shown}" is not an address or a network without host bits`);
  await refuses(['explain', name], 66, `Cannot open capture "${shown}": no such file`);
  await refuses(['list', '--database', name], 66, `Cannot open store "${shown}": no such file`);
  const file = join(temporaryFolder(t), 'networks');
  writeFileSync(file, '\u001b[31m\n');
  const expected = 'an address or a network without host bits, like 192.0.2.0/24';
  const message = `"${file}" line 1 must be ${expected}, not "?[31m"`;
  await refuses(['explain', '--ignore-file', file, '-'], 64, message);
});

test('of an option that was given twice the value that counts is told', async () => {
  const [first, second] = ['--database=a.sqlite', '--database=mysql:x'];
  const expected = 'a database as PATH, sqlite:PATH or spamd:PATH';
  await refuses(['list', first!, second!], 64, `option "--database" must be ${expected}, not "mysql:x"`);
  const hours = 'option "--whiteexp" must be hours from 1 to 2160, not "0"';
  await refuses(['list', '-W', '5', '-W', '0'], 64, hours);
});

test('query says of a network that it has host bits', async () => {
  for (const network of ['192.0.2.1/24', '2001:db8::1/32'])
    await refuses(['query', network], 64, `"${network}" is not an address or a network without host bits`);
});

test('a number in the configuration file is no path', async t => {
  const folder = temporaryFolder(t);
  const config = join(folder, 'spamlogd.toml');
  writeFileSync(config, 'database = 3\n');
  const message = `spamlogd: configuration "${config}": key "database" must be a string, not an integer\n`;
  const outcome = await run(['add', '--config', config, '192.0.2.1'], { folder });
  assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [78, '', message]);
  assert.deepEqual(readdirSync(folder), ['spamlogd.toml']);
});

test('the configuration file counts, and the command line goes before it', async t => {
  const folder = temporaryFolder(t);
  const config = join(folder, 'spamlogd.toml');
  const database = join(folder, 'spamd.sqlite');
  writeFileSync(config, `database = "${database}"\nwhiteexp = 36\nport = [587]\n`);
  const input = pflogCapture({ dport: 587 }, { src: '192.0.2.1' });
  const lives = async (...args: string[]): Promise<[string, number][]> => {
    const outcome = await run(['replay', '--config', config, ...args, '-'], { input });
    assert.deepEqual([outcome.status, outcome.stderr], [0, '']);
    return entries(database).map(row => [row.ip, (row.expire - START) / 3600]);
  };
  assert.deepEqual(await lives(), [['198.51.100.7', 36]]);
  assert.deepEqual(await lives('--port=25', '-W72'), [
    ['192.0.2.1', 72],
    ['198.51.100.7', 36],
  ]);
});

test('a bad configuration file is an error with status 78', async t => {
  const config = join(temporaryFolder(t), 'spamlogd.toml');
  await refuses(['list', '--config', config], 78, `Cannot read configuration "${config}": no such file`);
  writeFileSync(config, 'whitexp = 36\n');
  await refuses(
    ['list', '--config', config],
    78,
    `configuration "${config}": unknown key "whitexp"; did you mean "whiteexp"?`,
  );
});
