import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRuleset } from '../../src/pfconf/check/check.js';
import { type CheckOptions, DEFAULT_TABLES } from '../../src/pfconf/check/options.js';
import { renderReport } from '../../src/pfconf/check/render.js';
import { type CheckReport, isClean } from '../../src/pfconf/check/report.js';
import { DEFAULT_POLICY } from '../../src/pfconf/evaluate/effect.js';
import { fixtureTexts } from './fixtures.js';

const OPTIONS: CheckOptions = { ...DEFAULT_TABLES, policy: DEFAULT_POLICY };

function check(text: string, options: Partial<CheckOptions> = {}): CheckReport {
  const source = { text, file: 'pf.conf', dialect: 'openbsd' as const, isListing: false };
  return checkRuleset(source, { ...OPTIONS, ...options });
}

const GOOD = [
  'table <spamd-white> persist',
  'set skip on lo',
  'block return',
  'pass in on egress proto tcp to port smtp divert-to 127.0.0.1 port spamd',
  'pass in log on egress proto tcp from <spamd-white> to port smtp',
  'pass out log on egress',
].join('\n');

test('a report without findings is clean, one with notes alone too', () => {
  assert.equal(isClean(check(GOOD)), true);
  const withNote = check(GOOD.replace('pass in log on egress proto', 'pass in log on egress inet proto'));
  assert.deepEqual(
    withNote.findings.map(({ id, severity }) => [id, severity]),
    [['ipv6-blocked', 'note']],
  );
  assert.equal(isClean(withNote), true);
  assert.equal(isClean(check(GOOD.replace('pass in on', 'pass in log on'))), false);
});

test('the table has a line for each connection, and every finding its rule as it should be', () => {
  const text = renderReport(check(GOOD.replace('pass in on', 'pass in log on')));
  assert.equal(
    text,
    `Taken for granted: the outside interface is egress.
Taken for granted: there is no network inside.
Taken for granted: the mail server is this machine, at 198.51.100.25 and 2600:3c00::25.

     CONNECTION                                         GOES TO  LOGGED  SPAMLOGD    DECIDED BY
✓    in:  from a whitelisted host, IPv4                 mta      pflog0  whitelists  pf.conf:5 (@2)
✓    in:  from a whitelisted host, IPv6                 mta      pflog0  whitelists  pf.conf:5 (@2)
✗ 1  in:  from an unknown host, IPv4                    tarpit   pflog0  guarded     pf.conf:4 (@1)
-    in:  from an unknown host, IPv6                    blocked  no      nothing     pf.conf:3 (@0)
✗ 1  in:  from a trapped host, IPv4                     tarpit   pflog0  guarded     pf.conf:4 (@1)
-    in:  from a trapped host, IPv6                     blocked  no      nothing     pf.conf:3 (@0)
✓    out: from the mail server to a host outside, IPv4  mta      pflog0  whitelists  pf.conf:6 (@3)
✓    out: from the mail server to a host outside, IPv6  mta      pflog0  whitelists  pf.conf:6 (@3)

1. pf.conf:4 (@1): error: A rule that sends SMTP to the tarpit logs the connection as passed. [redirect-logs]
    pass in log on egress proto tcp to any port smtp divert-to 127.0.0.1 port spamd
  Take "log" away from this rule: without the rule guard, spamlogd whitelists every host that is being tarpitted.
  In its place:
    pass in on egress proto tcp to any port smtp divert-to 127.0.0.1 port spamd
`,
  );
});

test('colours are put in only when they are asked for', () => {
  const report = check(GOOD);
  assert.equal(renderReport(report).includes('\u001b'), false);
  const colored = renderReport(report, { color: true });
  assert.ok(colored.includes('\u001b[32m'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  assert.equal(colored.replace(/\u001b\[\d+m/g, ''), renderReport(report));
  assert.match(renderReport(report), /Nothing to put right\.\n$/);
});

test('a report is plain data', () => {
  const report = check(GOOD.replace('block return', 'block return\nanchor "x" {\npass in log\n}'));
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test('what is told is not guessed', () => {
  const report = check(GOOD.replaceAll('egress', 'em7'), {
    outsideInterface: 'em7',
    mailServers: ['192.0.2.99', '2001:db8::99'],
  });
  assert.deepEqual(report.assumptions, ['there is no network inside']);
});

test('another port than 25 may be that of the mail server', () => {
  const text = GOOD.replaceAll('port smtp', 'port 2525').replace('port spamd', 'port 25');
  const report = check(text, { policy: { ...DEFAULT_POLICY, ports: [2525] } });
  assert.equal(isClean(report), true);
  assert.equal(report.rows.find(({ id }) => id === 'in-stranger-inet')?.goesTo, 'tarpit');
});

test('with -i, only records of that interface count', () => {
  const report = check(GOOD.replaceAll('egress', 'em0'), { policy: { ...DEFAULT_POLICY, interface: 'em1' } });
  assert.equal(report.rows.find(({ id }) => id === 'in-white-inet')?.spamlogd, 'nothing');
});

test('no text makes the check throw', () => {
  const lines = fixtureTexts().flatMap(text => text.split('\n'));
  const shuffled = fc.array(fc.constantFrom(...lines), { maxLength: 25 }).map(some => some.join('\n'));
  fc.assert(
    fc.property(
      fc.oneof(shuffled, fc.string()),
      fc.constantFrom('openbsd' as const, 'freebsd' as const),
      fc.boolean(),
      (text, dialect, isListing) => {
        const report = checkRuleset({ text, file: 'x', dialect, isListing }, OPTIONS);
        assert.ok(report.rows.length >= 8);
        assert.notEqual(renderReport(report), '');
      },
    ),
    { numRuns: 300 },
  );
});
