import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../src/commands/exit-status.js';
import { COMMANDS, COMMON_OPTIONS, DAEMON } from '../../src/commands/registry.js';
import {
  DEFAULT_CONFIG,
  DEFAULT_CONTROL,
  DEFAULT_DATABASE,
  FORMATS,
  LOG_FORMATS,
  LOG_LEVELS,
  OPTIONS,
  SORTS,
  STATUSES,
} from '../../src/options/table.js';
import { REASONS } from '../../src/policy/reason.js';
import { DEFAULT_SYNC_KEY } from '../../src/sync/settings.js';
import { missing, runOther } from '../support/cli.js';

const PATH = fileURLToPath(new URL('../../../man/spamlogd.8', import.meta.url));
const lines = readFileSync(PATH, 'utf8').split('\n');

/** The lines of a section. */
function section(name: string): string[] {
  const start = lines.indexOf(`.Sh ${name}`);
  assert.ok(start >= 0, `no section ${name}`);
  const end = lines.findIndex((line, i) => i > start && line.startsWith('.Sh '));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}

/** What the items of lists are about: the words of their heads. */
function heads(of: readonly string[]): string[][] {
  return of.filter(line => line.startsWith('.It ')).map(line => line.split(/[ ,]+/).slice(1));
}

test('mandoc finds nothing to complain of', { skip: missing('mandoc') }, async () => {
  const { stdout, stderr } = await runOther('mandoc', ['-Tlint', PATH]);
  // Which other manuals there are is this machine's matter.
  const complaints = (stdout + stderr)
    .split('\n')
    .filter(line => !/referenced manual not found|makewhatis/.test(line));
  assert.deepEqual(complaints.filter(Boolean), []);
});

test('every option is in the manual, with its letter, and no other is', () => {
  const described = heads(section('DESCRIPTION')).filter(([macro]) => macro === 'Fl');
  const names = described.flatMap(head =>
    head.filter(word => word.startsWith('-')).map(word => word.slice(1)),
  );
  assert.deepEqual(names.sort(), Object.keys(OPTIONS).sort());
  for (const head of described) {
    const name = head.find(word => word.startsWith('-'))!.slice(1) as keyof typeof OPTIONS;
    const letter = head[1]!.startsWith('-') ? undefined : head[1];
    assert.equal(letter, OPTIONS[name].letter, name);
    assert.equal(head.includes('Ar') || head.includes('Cm'), OPTIONS[name].kind !== 'flag', name);
  }
});

test('every option is of some command, or of the daemon', () => {
  const used = new Set([...COMMON_OPTIONS, ...[DAEMON, ...COMMANDS].flatMap(({ options }) => options)]);
  assert.deepEqual([...used].sort(), Object.keys(OPTIONS).sort());
});

test("the synopsis begins with the original's line", () => {
  const first = section('SYNOPSIS').slice(0, 7);
  assert.deepEqual(first, [
    '.Nm',
    '.Op Fl DI',
    '.Op Fl i Ar interface',
    '.Op Fl l Ar pflog_interface',
    '.Op Fl W Ar whiteexp',
    '.Op Fl Y Ar synctarget',
    '.Op Ar option ...',
  ]);
});

test('every command is in the synopsis and described, and no other is', () => {
  const names = COMMANDS.map(({ name }) => name);
  const synopsis = section('SYNOPSIS').flatMap((line, i, all) =>
    line.startsWith('.Cm ') && all[i - 1] === '.Nm' ? [line.slice(4)] : [],
  );
  assert.deepEqual(synopsis, names);
  const described = heads(section('DESCRIPTION')).flatMap(([macro, name]) => (macro === 'Cm' ? [name] : []));
  assert.deepEqual(described, names);
});

test('every reason not to count is in the manual', () => {
  const described = heads(section('WHAT COUNTS')).map(([, reason]) => reason);
  assert.deepEqual(described, REASONS.filter(Boolean));
});

test('every exit status is in the manual, and no other is', () => {
  const described = heads(section('EXIT STATUS')).map(([status]) => Number(status));
  assert.deepEqual(described, Object.values(EXIT));
});

test('the manual tells which options are no keys of the configuration file', () => {
  const text = section('CONFIGURATION FILE');
  const from = text.indexOf('The keys are the long names of all options but');
  const to = text.indexOf('Any other key is an error.');
  assert.ok(from > 0 && to > from);
  const others = text.slice(from, to).flatMap(line => /^\.Cm ([\w-]+)/.exec(line)?.[1] ?? []);
  const known = Object.entries(OPTIONS).flatMap(([name, { isConfigurable }]) =>
    isConfigurable ? [] : [name],
  );
  assert.deepEqual(others.sort(), known.sort());
});

test('choices and defaults are in the manual', () => {
  const text = lines.join('\n');
  for (const word of [...SORTS, ...FORMATS, ...STATUSES, ...LOG_FORMATS, ...LOG_LEVELS])
    assert.match(text, new RegExp(`\\b${word}\\b`), word);
  for (const path of [DEFAULT_CONFIG, DEFAULT_CONTROL, DEFAULT_DATABASE, DEFAULT_SYNC_KEY])
    assert.ok(text.includes(`.Pa ${path}`), path);
  assert.ok(text.includes(`The default is ${OPTIONS.whiteexp.default}, which is 36 days.`));
  assert.ok(text.includes(`The default is ${OPTIONS['busy-timeout'].default}.`));
  const inWords = ['port', 'flush-interval', 'reconcile-interval', 'sync-port', 'sync-window'] as const;
  for (const name of inWords) assert.ok(text.includes(`The default is ${OPTIONS[name].default}.`), name);
});
