import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/address/address.js';
import { DEFAULT_HOSTS, type Environment } from '../../src/pfconf/environment.js';
import { type LoadOptions, loadRules } from '../../src/pfconf/load.js';
import type { LoadedRules } from '../../src/pfconf/loaded.js';
import { parsePfConf, parsePfctlRules } from '../../src/pfconf/parse.js';
import { DEFAULT_SERVICES } from '../../src/pfconf/services.js';

function load(text: string, options: Partial<LoadOptions> = {}): LoadedRules {
  const dialect = options.dialect ?? 'openbsd';
  const parse = options.isListing ? parsePfctlRules : parsePfConf;
  const { statements } = parse(text, { dialect, file: 'pf.conf' });
  return loadRules(statements, { dialect, isListing: false, ...options });
}

/** `number: address > address port`, for each filter rule of a ruleset. */
function summary(rules: LoadedRules, path = ''): string[] {
  return (rules.rulesets.get(path)?.filter ?? []).map(rule => {
    const name = (host: typeof rule.source): string =>
      host === null
        ? 'any'
        : host.kind === 'prefix'
          ? host.prefix.words.join('.').replace('0.0.65535.', '')
          : host.kind;
    const port = rule.destinationPort === null ? '' : ` ${rule.destinationPort.low}`;
    return `${rule.number}: ${name(rule.source)} > ${name(rule.destination)}${port}`;
  });
}

const LISTS = 'pass proto tcp from { 0.0.0.1, 0.0.0.2 } port { 1 2 } to { 0.0.0.3, 0.0.0.4 } port { 5 6 }';

test('OpenBSD numbers the rules of a list by addresses first, then ports', () => {
  assert.deepEqual(summary(load(LISTS)).slice(0, 6), [
    '0: 1 > 3 5',
    '1: 1 > 3 6',
    '2: 1 > 3 5',
    '3: 1 > 3 6',
    '4: 1 > 4 5',
    '5: 1 > 4 6',
  ]);
});

test('FreeBSD numbers them by the source first, then the destination', () => {
  const rules = load(LISTS, { dialect: 'freebsd' });
  assert.deepEqual(summary(rules).slice(0, 6), [
    '0: 1 > 3 5',
    '1: 1 > 3 6',
    '2: 1 > 4 5',
    '3: 1 > 4 6',
    '4: 1 > 3 5',
    '5: 1 > 3 6',
  ]);
  assert.equal(summary(rules).length, 16);
});

test('combinations of different families are left out and get no number', () => {
  const rules = load('pass from { 0.0.0.1, 2001:db8::1 } to { 0.0.0.3, 2001:db8::3 }\npass inet6');
  assert.equal(rules.rulesets.get('')?.filter.length, 3);
  assert.deepEqual(
    rules.rulesets.get('')?.filter.map(rule => [rule.number, rule.family]),
    [
      [0, 'inet'],
      [1, 'inet6'],
      [2, 'inet6'],
    ],
  );
});

test('a rule without a family takes that of the address it redirects to', () => {
  const rules = load(
    'pass in proto tcp to port 25 divert-to 127.0.0.1 port 8025\npass in rdr-to ::1\npass in nat-to (em0)',
  );
  assert.deepEqual(
    rules.rulesets.get('')?.filter.map(rule => rule.family),
    ['inet', 'inet6', null],
  );
});

test('what pfctl would refuse is said, and stands for a rule that may be anything', () => {
  const cases: [string, RegExp][] = [
    ['pass to port 25', /ports only apply to proto tcp and udp/],
    ['pass in inet6 rdr-to 127.0.0.1', /no address that this rule sends packets to is inet6/],
    [`pass from { ${'0.0.0.1 '.repeat(300)} } to { ${'0.0.0.1 '.repeat(300)} }`, /stands for 90000 rules/],
  ];
  for (const [text, message] of cases) {
    const rules = load(`${text}\npass`);
    assert.match(rules.diagnostics[0]?.message ?? '', message);
    assert.equal(rules.diagnostics[0]?.line, 1);
    assert.deepEqual(
      rules.rulesets.get('')?.filter.map(rule => [rule.action, rule.number]),
      [
        ['unknown', 0],
        ['pass', null],
      ],
    );
  }
});

test('every ruleset counts for itself, and an anchor counts as a rule', () => {
  const rules = load('pass\nanchor "a" {\npass\nblock\n}\nanchor {\nblock\n}\npass out');
  assert.deepEqual(
    rules.rulesets.get('')?.filter.map(rule => [rule.number, rule.action, rule.call?.path ?? null]),
    [
      [0, 'pass', null],
      [1, 'anchor', 'a'],
      [2, 'anchor', '_2'],
      [3, 'pass', null],
    ],
  );
  assert.deepEqual(summary(rules, 'a'), ['0: any > any', '1: any > any']);
  assert.equal(rules.rulesets.get('_2')?.name, '_2');
});

test('the name in a record is the last part of the path, cut to what the header holds', () => {
  const rules = load('anchor "outer" {\nanchor "a-name-that-is-too-long" {\npass\n}\n}');
  const path = 'outer/a-name-that-is-too-long';
  assert.equal(rules.rulesets.get(path)?.name, 'a-name-that-is-');
});

test('behind a name whose addresses are not known, numbers are not known', () => {
  const text = 'pass\npass from em0\npass from (em0)\npass from localhost\npass';
  const numbers = load(text)
    .rulesets.get('')
    ?.filter.map(rule => rule.number);
  assert.deepEqual(numbers, [0, 1, null, null, null, null]);
});

test('on the machine itself they are: a name stands for its addresses', () => {
  const address = (
    text: string,
    bits: number,
  ): { address: NonNullable<ReturnType<typeof parseAddress>>; bits: number } => ({
    address: parseAddress(text)!,
    bits,
  });
  const environment: Environment = {
    interfaces: [
      {
        name: 'em0',
        groups: ['egress'],
        addresses: [address('0.0.0.9', 120), address('2001:db8::9', 64)],
        isLoopback: false,
      },
    ],
    isComplete: true,
    services: DEFAULT_SERVICES,
    hosts: DEFAULT_HOSTS,
  };
  const rules = load('pass from egress\npass inet from em0:network\npass', { environment });
  assert.deepEqual(
    rules.rulesets.get('')?.filter.map(rule => [rule.number, rule.family]),
    [
      [0, 'inet'],
      [1, 'inet6'],
      [2, 'inet'],
      [3, null],
    ],
  );
});

test('antispoof stands for two block rules, for one on the loopback interface', () => {
  const rules = load('antispoof log quick for { (em0), lo0 } inet\npass');
  assert.deepEqual(
    rules.rulesets
      .get('')
      ?.filter.map(rule => [rule.action, rule.interface?.name ?? null, rule.source?.kind ?? null]),
    [
      ['block', 'em0', 'dynamic'],
      ['block', null, 'dynamic'],
      ['block', 'lo0', 'name'],
      ['pass', null, null],
    ],
  );
});

test('binat-to stands for a rule each way', () => {
  const rules = load('pass on em0 inet from 10.0.0.5 to any binat-to 192.0.2.5');
  assert.deepEqual(
    rules.rulesets.get('')?.filter.map(rule => [rule.direction, rule.options[0]?.kind]),
    [
      ['out', 'nat-to'],
      ['in', 'rdr-to'],
    ],
  );
});

test('numbers that pfctl printed are taken as they are', () => {
  const rules = load(
    '@3 pass in\n@7 anchor "a" all {\n@2 block in all\n}\nanchor "b/*" all {\nanchor "c" all {\n@0 pass all\n}\n}',
    {
      isListing: true,
    },
  );
  assert.deepEqual(
    rules.rulesets.get('')?.filter.map(rule => rule.number),
    [3, 7, 8],
  );
  assert.deepEqual(summary(rules, 'a'), ['2: any > any']);
  assert.deepEqual(summary(rules, 'b/c'), ['0: any > any']);
});

test('translation rules are numbered apart from filter rules, each kind by itself', () => {
  const rules = load('nat on em0 from any to any -> (em0)\nno rdr on em0\nrdr on em0 -> 127.0.0.1\npass', {
    dialect: 'freebsd',
  }).rulesets.get('')!;
  assert.deepEqual(
    [rules.nat, rules.rdr, rules.filter].map(list => list.map(rule => rule.number)),
    [[0], [0, 1], [0]],
  );
});
