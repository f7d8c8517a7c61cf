import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/address/address.js';
import { EMPTY_ENVIRONMENT, type Environment } from '../../src/pfconf/environment.js';
import { evaluatePacket } from '../../src/pfconf/evaluate/evaluate.js';
import type { Outcomes } from '../../src/pfconf/evaluate/outcome.js';
import type { Endpoint, Packet, Place } from '../../src/pfconf/evaluate/packet.js';
import { loadRules } from '../../src/pfconf/load.js';
import { parsePfConf } from '../../src/pfconf/parse.js';
import type { Dialect } from '../../src/pfconf/source.js';

function endpoint(text: string, place: Place, ...tables: string[]): Endpoint {
  return { address: parseAddress(text)!, place, tables: new Set(tables) };
}

const INBOUND: Packet = {
  direction: 'in',
  interface: 'em0',
  family: 'inet',
  source: endpoint('203.0.113.7', 'outside'),
  sourcePort: 50_000,
  destination: endpoint('192.0.2.25', 'self'),
  destinationPort: 25,
  receivedOn: null,
  tag: null,
};

interface Setting {
  readonly packet?: Partial<Packet>;
  readonly environment?: Environment;
  readonly dialect?: Dialect;
  readonly files?: Record<string, string>;
}

function evaluate(
  text: string,
  { packet, environment = EMPTY_ENVIRONMENT, dialect = 'openbsd', files = {} }: Setting = {},
): Outcomes {
  const { statements } = parsePfConf(text, { dialect, file: 'pf.conf' });
  const readFile = (path: string): string => {
    if (files[path] === undefined) throw new Error('no such file');
    return files[path];
  };
  const rules = loadRules(statements, { dialect, isListing: false, environment, readFile });
  return evaluatePacket({ ...INBOUND, ...packet }, { rules, environment }, dialect);
}

/** `action line`, for every outcome. */
function outcomes(text: string, setting?: Setting): string[] {
  return evaluate(text, setting).outcomes.map(
    ({ action, rule }) => `${action} ${rule?.position.line ?? '-'}`,
  );
}

test('where it is in doubt whether a rule matches, both outcomes are given, and what they hang on', () => {
  const { outcomes: found, doubts } = evaluate('block\npass in proto tcp to port 25 user root');
  assert.deepEqual(
    found.map(({ action }) => action),
    ['block', 'pass'],
  );
  assert.deepEqual(doubts, ['pf.conf:2: if user root applies']);
});

test('a doubt that a later rule overrides is none', () => {
  const { outcomes: found, doubts } = evaluate(
    'block\npass in user root\npass in quick proto tcp to port 25',
  );
  assert.equal(found.length, 1);
  assert.deepEqual(doubts, []);
});

test('a doubt about a rule that says no otherwise is none', () => {
  assert.deepEqual(outcomes('pass out user root\nblock in from 198.51.100.0/24 probability 50%'), ['pass -']);
});

test('conditions that only the running system knows are doubts', () => {
  for (const option of [
    'user root',
    'group 5',
    'tos 0x10',
    'prio 3',
    'once',
    'max-pkt-rate 3/5',
    'probability 1%',
    'source limiter x',
  ]) {
    assert.deepEqual(outcomes(`block in ${option}`), ['pass -', 'block 1'], option);
  }
  for (const condition of ['from route uplink', 'from mail.example.org', 'os Linux']) {
    assert.deepEqual(outcomes(`block in ${condition}`), ['pass -', 'block 1'], condition);
  }
});

test('conditions that a first TCP packet cannot fulfil are none', () => {
  for (const option of [
    'fragment',
    'flags A/A',
    'flags /S',
    'probability 0%',
    'received-on em1',
    'tagged X',
    'proto udp',
    'from no-route',
  ]) {
    assert.deepEqual(outcomes(`block in ${option}`), ['pass -'], option);
  }
  for (const option of [
    'flags any',
    'flags S/SA',
    'probability 100%',
    '! received-on em1',
    '! tagged X',
    'from ! urpf-failed',
  ]) {
    assert.deepEqual(outcomes(`block in ${option}`), ['block 1'], option);
  }
});

test('addresses of every kind are compared', () => {
  const hits = [
    '203.0.113.7',
    '203.0.113.0/24',
    '203.0.113.1 - 203.0.113.9',
    '0.0.0.0/0',
    '{ 192.0.2.1, 203.0.113.7 }',
    '! 192.0.2.1',
    '<listed>',
    '! <other>',
  ];
  const misses = [
    '203.0.113.8',
    '203.0.113.8 - 203.0.113.9',
    '! 203.0.113.0/24',
    '<other>',
    '::/0',
    '(em0:network)',
    'self',
    '(egress)',
  ];
  const tables =
    'table <listed> { 203.0.113.0/24, ! 203.0.113.128/25 }\ntable <other> { 203.0.113.0/24, !203.0.113.0/28 }\n';
  for (const text of hits) assert.deepEqual(outcomes(`${tables}block from ${text}`), ['block 3'], text);
  for (const text of misses) assert.deepEqual(outcomes(`${tables}block from ${text}`), ['pass -'], text);
});

test('tables are read from their files; for a host inside, a file that is not read is a doubt', () => {
  const text = 'table <a> persist file "/a"\nblock from <a>';
  assert.deepEqual(
    outcomes(text, { files: { '/a': '# list\n198.51.100.0/24\n203.0.113.0/24 ! 203.0.113.8\n' } }),
    ['block 2'],
  );
  assert.deepEqual(outcomes(text, { files: { '/a': '198.51.100.0/24' } }), ['pass -']);
  assert.deepEqual(outcomes(text), ['pass -']);
  const packet = { source: endpoint('10.0.0.9', 'inside') };
  assert.deepEqual(outcomes(text, { packet }), ['pass -', 'block 2']);
  assert.deepEqual(outcomes(text, { packet, files: { '/a': 'mail.example.org' } }), ['pass -', 'block 2']);
});

test('a table of an anchor hides that of the rules above', () => {
  const text =
    'table <a> { 203.0.113.7 }\nanchor {\ntable <a> { 192.0.2.1 }\nblock from <a>\n}\nanchor {\nblock from <a>\n}';
  assert.deepEqual(outcomes(text), ['block 7']);
});

const MACHINE: Environment = {
  ...EMPTY_ENVIRONMENT,
  interfaces: [
    {
      name: 'em0',
      groups: ['egress', 'wan'],
      addresses: [{ address: parseAddress('192.0.2.25')!, bits: 120 }],
      isLoopback: false,
    },
    {
      name: 'em1',
      groups: ['lan'],
      addresses: [{ address: parseAddress('10.0.0.1')!, bits: 120 }],
      isLoopback: false,
    },
    {
      name: 'lo0',
      groups: ['lo'],
      addresses: [{ address: parseAddress('127.0.0.1')!, bits: 104 }],
      isLoopback: true,
    },
  ],
  isComplete: true,
};

test('on the machine, interfaces have their groups and addresses', () => {
  const hits = [
    'on em0',
    'on egress',
    'on wan',
    'on any',
    'on ! em1',
    'on ! lo',
    'to em0',
    'to (em0)',
    'to self',
    'to ! self', // each of its addresses is negated by itself, as pfctl does
    'to (egress:network)',
    'to em0:network',
    'on rdomain 0',
  ];
  const misses = ['on em1', 'on dmz', 'on ! egress', 'to em1', 'to (em1:network)', 'on rdomain 1'];
  for (const text of hits)
    assert.deepEqual(outcomes(`block ${text}`, { environment: MACHINE }), ['block 1'], text);
  for (const text of misses)
    assert.deepEqual(outcomes(`block ${text}`, { environment: MACHINE }), ['pass -'], text);
});

test('without it, whether an interface is in a group is a doubt, but not whether it is another interface', () => {
  assert.deepEqual(outcomes('block on dmz'), ['pass -', 'block 1']);
  assert.deepEqual(outcomes('block on em1'), ['pass -']);
  assert.deepEqual(outcomes('set skip on dmz\nblock'), ['block 2', 'pass -']);
});

test('a redirection to a range of ports keeps the distance, or is not known', () => {
  const port = (text: string): number | null | undefined => evaluate(text).outcomes[0]?.target?.port;
  assert.equal(port('pass in proto tcp to port 20:30 rdr-to 127.0.0.1 port 8020:*'), 8025);
  assert.equal(port('pass in proto tcp to port 25 rdr-to 127.0.0.1 port 8025:8030'), null);
  assert.equal(port('pass in proto tcp to port 25 rdr-to 127.0.0.1 port nobody-knows'), null);
  assert.equal(port('pass in proto tcp to port 25 rdr-to 127.0.0.1'), 25);
  assert.equal(port('pass in proto tcp to port 25 divert-packet port 700'), undefined);
});

test('where a redirection chooses between addresses, a rule about one of them is in doubt', () => {
  const text =
    'match in proto tcp to port 25 rdr-to { 10.0.0.1, 10.0.0.2 }\nblock to 10.0.0.1\npass to 10.0.0.9 port 26 proto tcp';
  assert.deepEqual(outcomes(text.split('\n').slice(0, 2).join('\n')), ['pass -', 'block 2']);
});

test('with too much in doubt nothing is said at all', () => {
  const many = Array.from(
    { length: 12 },
    (_, i) => `match in user u${i} tag T${i}\nmatch in log (to pflog${i}) group g${i}`,
  );
  const { outcomes: found, doubts } = evaluate(many.join('\n'));
  assert.deepEqual(
    found.map(({ action }) => action),
    ['unknown'],
  );
  assert.ok(doubts.length > 0);
});

test('a match rule that is not understood leaves nothing to say about those behind it', () => {
  assert.deepEqual(outcomes('match in sparkle rdr-to 127.0.0.1 port 8025\npass in'), ['pass 2', 'unknown 2']);
});

test('an anchor that calls itself ends', () => {
  assert.deepEqual(outcomes('anchor "a" {\nanchor "/a"\npass\n}'), ['pass 3']);
});

test('records name the anchor rule: the innermost on OpenBSD, the outermost on FreeBSD', () => {
  const text = 'pass\nanchor "outer" {\npass\nblock\nanchor "inner" {\npass log\n}\n}';
  const names = (dialect: Dialect): unknown[] =>
    evaluate(text, { dialect }).outcomes.flatMap(({ records }) =>
      records.map(({ ruleset, rulenr, subrulenr }) => [ruleset, rulenr, subrulenr]),
    );
  assert.deepEqual(names('openbsd'), [['inner', 2, 0]]);
  assert.deepEqual(names('freebsd'), [['inner', 1, 0]]);
});

test('a record shows both ports on OpenBSD, and the action of the rule', () => {
  const [outcome] = evaluate(
    'match in log to port 25 proto tcp\npass in log (to pflog2) proto tcp to port 25 rdr-to 127.0.0.1 port 8025',
  ).outcomes;
  assert.deepEqual(
    outcome?.records.map(({ logInterface, action, ports }) => [logInterface, action, ports]),
    [[2, 'pass', [25, 8025]]],
  );
});

test('FreeBSD logs a translation under its own action', () => {
  const text = 'rdr pass log (to pflog3) on em0 proto tcp to port 25 -> 127.0.0.1 port 8025';
  const [outcome] = evaluate(text, { dialect: 'freebsd' }).outcomes;
  assert.deepEqual(
    outcome?.records.map(({ logInterface, action, ports, rulenr }) => [logInterface, action, ports, rulenr]),
    [[3, 'rdr', [8025], 0]],
  );
});
