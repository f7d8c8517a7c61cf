import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterRule, Statement } from '../../src/pfconf/ast.js';
import { parsePfConf, parsePfctlRules } from '../../src/pfconf/parse.js';
import { printStatements } from '../../src/pfconf/print.js';
import { type Dialect, formatDiagnostic } from '../../src/pfconf/source.js';

function parse(text: string, dialect: Dialect = 'openbsd'): ReturnType<typeof parsePfConf> {
  return parsePfConf(text, { dialect, file: 'pf.conf' });
}

/** What the text is when printed again, which shows what was understood. */
function printed(text: string, dialect: Dialect = 'openbsd'): string {
  const { statements, diagnostics } = parse(text, dialect);
  assert.deepEqual(diagnostics.map(formatDiagnostic), []);
  return printStatements(statements, dialect);
}

function problems(text: string, dialect: Dialect = 'openbsd'): string[] {
  return parse(text, dialect).diagnostics.map(formatDiagnostic);
}

function onlyRule(text: string): FilterRule {
  const [statement] = parse(text).statements;
  assert.equal(statement?.kind, 'filter');
  return statement as FilterRule;
}

test('every part of a filter rule is read', () => {
  const rule = onlyRule(
    'block return-icmp(host-unr, admin-unr) in log (all, matches, user, to pflog3) quick on { em0, ! egress } inet6 ' +
      'proto { tcp, 17 } from ! <bad> port 1024:65535 os { "Linux", OpenBSD } to { 2001:db8::/32, self } port { 25, >= 1000 }',
  );
  assert.equal(rule.action, 'block');
  assert.equal(rule.blockPolicy, 'return-icmp(host-unr, admin-unr)');
  assert.equal(rule.direction, 'in');
  assert.deepEqual(rule.log, { all: true, matches: true, user: true, interface: 3 });
  assert.equal(rule.quick, true);
  assert.deepEqual(rule.interfaces, [
    { negated: false, name: 'em0' },
    { negated: true, name: 'egress' },
  ]);
  assert.equal(rule.family, 'inet6');
  assert.deepEqual(rule.protocols, ['tcp', '17']);
  assert.deepEqual(rule.source.hosts, [{ negated: true, kind: 'table', name: 'bad' }]);
  assert.deepEqual(rule.source.ports, [{ operator: ':', low: '1024', high: '65535' }]);
  assert.deepEqual(rule.operatingSystems, ['Linux', 'OpenBSD']);
  assert.deepEqual(
    rule.destination.hosts.map(host => host.kind),
    ['prefix', 'name'],
  );
  assert.deepEqual(rule.destination.ports, [
    { operator: '=', low: '25' },
    { operator: '>=', low: '1000' },
  ]);
  assert.equal(rule.unknown, null);
});

test('every option of a rule is read', () => {
  const options = [
    'rdr-to 127.0.0.1 port spamd',
    'nat-to { 192.0.2.1, 192.0.2.2 } port 1024:2048 round-robin sticky-address',
    'binat-to 192.0.2.9',
    'af-to inet from 192.0.2.1 to 198.51.100.1',
    'divert-to ::1 port 8025',
    'divert-packet port 700',
    'divert-reply',
    'route-to (em1 192.0.2.254)',
    'flags S/SAFR',
    'flags any',
    'keep state (max 100, source-track rule, max-src-conn-rate 3/10, overload <bad> flush global)',
    'modulate state',
    'no state',
    'set (prio (3, 7), queue (std, ack), tos lowdelay)',
    'queue std',
    'tag MAIL',
    '! tagged SPAM',
    '! received-on em1',
    'probability 12.5%',
    'label "from $srcaddr"',
    'user { root, 1000 >< 2000 }',
    'icmp-type { echoreq, unreach code 3 }',
    'scrub (no-df, max-mss 1440)',
    'max-pkt-rate 100/10',
    'rtable 3',
    'allow-opts',
    'once',
    'tos 0x10',
    'source limiter smtp (block)',
  ];
  for (const option of options) assert.equal(printed(`pass in ${option}`), `pass in ${option}`);
});

test("FreeBSD's translation rules are read", () => {
  const rules = [
    'nat on em0 inet from 10.0.0.0/8 -> (em0) port 1024:65535',
    'nat pass log (to pflog1) on em0 from <lan> -> 192.0.2.1 static-port',
    'rdr pass log on em0 inet proto tcp from ! <spamd-white> to any port smtp -> 127.0.0.1 port spamd',
    'rdr on em0 proto tcp to 192.0.2.1 port 8000:8010 -> { 10.0.0.1, 10.0.0.2 } port 9000:* round-robin',
    'no rdr on em0 proto tcp from <spamd-white> to any port smtp',
    'binat on em0 inet from 10.0.0.5 -> 192.0.2.5',
    'rdr-anchor "relayd/*"',
    'nat-anchor "ftp-proxy/*" on em0 inet',
    'pass in on em0 route-to (em1 192.0.2.254) inet proto tcp to any port 25 dnqueue (1, 2) ridentifier 25',
  ];
  for (const rule of rules) assert.equal(printed(rule, 'freebsd'), rule);
});

test('addresses are read as pfctl reads them', () => {
  const addresses: [string, string][] = [
    ['10/8', '10.0.0.0/8'],
    ['10.1/16', '10.1.0.0/16'],
    ['192.168.1.77/24', '192.168.1.0/24'],
    ['2001:DB8::1', '2001:db8::1'],
    ['192.0.2.1 - 192.0.2.9', '192.0.2.1 - 192.0.2.9'],
    ['(em0:network)/24', '(em0:network)/24'],
    ['em0:broadcast', 'em0:broadcast'],
    ['mail.example.org', 'mail.example.org'],
    ['no-route', 'no-route'],
    ['urpf-failed', 'urpf-failed'],
    ['route "uplink"', 'route uplink'],
    ['{ 10.0.0.1 { 10.0.0.2, 10.0.0.3 } }', '{ 10.0.0.1, 10.0.0.2, 10.0.0.3 }'],
  ];
  for (const [text, expected] of addresses) {
    assert.equal(printed(`pass from ${text}`), `pass from ${expected}`);
  }
  assert.equal(printed('pass from { 10.0.0.1, any }'), 'pass');
});

test('macros are replaced as text, also in the middle of a word, and count from their own line on', () => {
  const text = [
    'if = "em0"',
    'net = $if ":network"',
    'ports = "{ 25 587 }"',
    'pass in on $if from $if:network to port $ports',
    'ports = 80',
    'pass in on $if to port $ports',
  ].join('\n');
  const rules = printed(text)
    .split('\n')
    .filter(line => line.startsWith('pass'));
  assert.deepEqual(rules, [
    'pass in on em0 from em0:network to any port { 25, 587 }',
    'pass in on em0 to any port 80',
  ]);
});

test('lines go on behind a backslash, comments too; lists go on by themselves', () => {
  const text =
    'pass in \\\n  on em0 # a comment \\\n pass out\nblock out to {\n 10.0.0.1\n 10.0.0.2, 10.0.0.3\n }\n';
  assert.equal(printed(text), 'pass in on em0\nblock out to { 10.0.0.1, 10.0.0.2, 10.0.0.3 }');
});

test('anchors have their rules in braces, in others, or elsewhere', () => {
  const text = 'anchor "a" in on em0 {\npass\nanchor quick {\nblock\n}\n}\nanchor "b/*"';
  assert.equal(printed(text), text);
  const [outer] = parse(text).statements as [Extract<Statement, { kind: 'anchor' }>];
  assert.equal(outer.body?.length, 2);
});

test('included files are read where they are named, and may define macros', () => {
  const files: Record<string, string> = {
    '/etc/a': 'x = "em0"\ninclude "/etc/b"',
    '/etc/b': 'pass on $x foo',
  };
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  const { statements, diagnostics } = parsePfConf('include "/etc/a"\npass out on $x\ninclude "/etc/c"', {
    dialect: 'openbsd',
    file: 'pf.conf',
    readFile,
  });
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    '/etc/b:1:12: unexpected "foo"',
    'pf.conf:3:9: Cannot read "/etc/c": no such file',
  ]);
  assert.equal(printStatements(statements.slice(1, 2), 'openbsd'), 'pass out on em0');
});

test('a file that includes itself is refused', () => {
  const { diagnostics } = parsePfConf('include "pf.conf"', {
    dialect: 'openbsd',
    file: 'pf.conf',
    readFile: () => 'include "pf.conf"',
  });
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    'pf.conf:1:9: Cannot read "pf.conf": it includes itself',
  ]);
});

test('what is not understood is said with its place, and the rest of the file is read', () => {
  const cases: [string, string][] = [
    ['pass in quick quick', 'pf.conf:1:15: unexpected "quick"'],
    ['pass in log on', 'pf.conf:1:15: expected an interface, found the end of the line'],
    ['pass to port 70000', 'pf.conf:1:19: expected "70000" to be a port, found the end of the line'],
    [
      'pass from 10.0.0.0/33',
      'pf.conf:1:22: expected a prefix length up to 32 before this, found the end of the line',
    ],
    ['pass from { 10.0.0.1,', 'pf.conf:1:22: expected an address, found the end of the line'],
    ['pass log (to em0)', 'pf.conf:1:14: expected a pflog interface, found "em0"'],
    ['pass on $nope', 'pf.conf:1:9: macro "nope" is not defined'],
    ['block "drop"', 'pf.conf:1:7: unexpected "drop"'],
    ['table <in> persist', 'pf.conf:1:8: expected the name of the table, found "in"'],
    [
      `table <${'x'.repeat(32)}>`,
      'pf.conf:1:40: expected a table name of at most 31 characters before this, found ">"',
    ],
    ['set sparkle yes', 'pf.conf:1:5: expected an option of pf, found "sparkle"'],
    [
      'x = "it is \'open"',
      'pf.conf:1:18: expected a value that closes its quotes before this, found the end of the line',
    ],
    ['pass in\r', 'pf.conf:1:8: unexpected "\\r" (the file has DOS line ends)'],
    [
      'rdr pass on em0 -> 127.0.0.1',
      'pf.conf:1:1: expected a rule, a table, a macro or an option, found "rdr"',
    ],
    ['anchor "x" { pass }', 'pf.conf:1:14: expected the end of the line, found "pass"'],
    ['}', 'pf.conf:1:1: expected a rule, a table, a macro or an option, found "}"'],
  ];
  for (const [text, expected] of cases) {
    const result = parse(`${text}\npass out quick`);
    assert.deepEqual(result.diagnostics.map(formatDiagnostic), [expected]);
    const last = result.statements.at(-1);
    assert.equal(last && printStatements([last], 'openbsd'), 'pass out quick');
  }
});

test('what comes before the part that is not understood stays known', () => {
  const rule = onlyRule('pass in log on em0 proto tcp to port smtp sparkle 3 rdr-to 127.0.0.1');
  assert.equal(rule.direction, 'in');
  assert.deepEqual(rule.destination.ports, [{ operator: '=', low: 'smtp' }]);
  assert.equal(rule.unknown?.text, 'sparkle 3 rdr-to 127.0.0.1');
  assert.deepEqual(rule.options, []);
});

test('an unclosed string or brace ends with the file, and is said', () => {
  assert.deepEqual(problems('pass label "never\nblock'), ['pf.conf:1:12: this string is never closed']);
  assert.deepEqual(problems('anchor "a" {\npass\n'), [
    'pf.conf:1:12: the brace of this anchor is never closed',
  ]);
});

test('macros that would fill the memory, and lists too deep, are refused', () => {
  const doubling = ['a = "0123456789"', ...Array.from({ length: 40 }, () => 'a = $a $a')].join('\n');
  const found = problems(doubling);
  assert.ok(found[0]?.includes('a value of at most 65536 characters'));
  assert.ok(problems(`pass from ${'{ '.repeat(5000)}`)[0]?.includes('nested less deep'));
  assert.ok(problems('anchor {\n'.repeat(5000))[0]?.includes('at most 64 anchors'));
});

test('what pfctl prints is read: numbers, counters, counts of tables, states behind a probability', () => {
  const text = [
    'No ALTQ support in kernel',
    '@0(1000000103) block drop in log all label "x"',
    '  [ Evaluations: 10        Packets: 0         Bytes: 0           States: 0     ]',
    '@12 pass in inet proto tcp from <white:10> to (em0:1) port = smtp flags S/SA keep state probability 50% (max 3)',
    '@13 pass in inet proto tcp from <white:*> to (em0:0:*) port = 25',
  ].join('\n');
  const { statements, diagnostics } = parsePfctlRules(text, { dialect: 'freebsd', file: 'pfctl' });
  assert.deepEqual(diagnostics, []);
  assert.equal(
    printStatements(statements, 'freebsd'),
    [
      '@0 block drop in log label "x"',
      '@12 pass in inet proto tcp from <white> to (em0) port smtp flags S/SA keep state (max 3) probability 50%',
      '@13 pass in inet proto tcp from <white> to (em0:0) port 25',
    ].join('\n'),
  );
});

test('brackets behind a probability that never close are unknown by themselves', () => {
  const text = '@2 pass proto tcp to port 25 flags S/SA keep state probability 50% (max 500';
  const { statements } = parsePfctlRules(text, { dialect: 'freebsd', file: 'pfctl' });
  const again = printStatements(statements, 'freebsd');
  assert.equal(again.split('probability').length, 2, again);
});
