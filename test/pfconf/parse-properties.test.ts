import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Parsed, type ParseOptions, parsePfConf, parsePfctlRules } from '../../src/pfconf/parse.js';
import { printStatements } from '../../src/pfconf/print.js';
import { fixtureTexts } from './fixtures.js';

const WORDS = `
  pass block match in out log quick on egress em0 ! inet inet6 proto tcp { } , 25 smtp from to any all port = != < > <=
  >= >< <> : 1024:65535 192.0.2.1 10/8 10.1/16 2001:db8::/32 fe80::1%em0 <spamd-white> <a > table persist const counters
  file "/etc/x" anchor "name" nat-anchor rdr nat binat no -> rdr-to divert-to 127.0.0.1 spamd nat-to (egress) (em0:0)
  ( ) all) (all (to pflog1) matches user root set limit table-entries 200000 skip lo include "/etc/other" load
  antispoof for keep state (max 3) flags S/SA S / SA /SFRA label "x" tag tagged T received-on probability 50% rtable 1
  route-to (em0 192.0.2.9) reply-to os "Linux" user = unknown self no-route urpf-failed route weight 3 return drop
  return-rst(ttl 5) round-robin source-hash 0x0123456789abcdef0123456789abcdef queue std $a $b $ext_if a = b = "a b"
  ext_if = "em0" x = { # \\ \\\n " ' @12 @ [ ] 10.0.0.1-10.0.0.9 - rdomain 2 scrub altq ether once fragment user > 1000
  af-to inet6 binat-to static-port icmp-type echoreq code 3 modulate synproxy divert-reply divert-packet pass
`;
const vocabulary = WORDS.trim().split(/\s+/);
const line = fc
  .array(fc.oneof(fc.constantFrom(...vocabulary), fc.string({ maxLength: 3 })), { maxLength: 14 })
  .map(words => words.join(' '));
const soup = fc.array(line, { maxLength: 8 }).map(lines => lines.join('\n'));
const anyText = fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 60 }), mutated());
const anyDialect = fc.constantFrom('openbsd' as const, 'freebsd' as const);
const anyParser = fc.constantFrom(parsePfConf, parsePfctlRules);

/** A fixture with a few characters changed, taken away or put in. */
function mutated(): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.integer({ min: 0, max: 4 }),
    put: fc.oneof(fc.constantFrom(...vocabulary, '\n'), fc.string({ maxLength: 2 })),
  });
  return fc
    .tuple(fc.constantFrom(...fixtureTexts()), fc.array(change, { minLength: 1, maxLength: 5 }))
    .map(([text, changes]) =>
      changes.reduce((before, { at, drop, put }) => {
        const start = Math.floor(at * before.length);
        return before.slice(0, start) + put + before.slice(start + drop);
      }, text),
    );
}

function withoutPositions(parsed: Parsed): unknown {
  return JSON.parse(
    JSON.stringify(parsed.statements, (key, value) => (key === 'position' ? undefined : value)),
  );
}

test('whatever the text, the parser gives back statements and places, and never throws', () => {
  fc.assert(
    fc.property(anyText, anyDialect, anyParser, (text, dialect, parse) => {
      const { diagnostics } = parse(text, { dialect, file: 'pf.conf' });
      const lines = text.split('\n');
      for (const { file, line, column, message } of diagnostics) {
        assert.equal(file, 'pf.conf');
        assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
        assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column} of line ${line}`);
        assert.notEqual(message, '');
      }
    }),
    { numRuns: 2000 },
  );
});

test('what is printed is parsed as the same statements again', () => {
  fc.assert(
    fc.property(anyText, anyDialect, anyParser, (text, dialect, parse) => {
      const options: ParseOptions = { dialect, file: 'pf.conf' };
      const once = parse(text, options);
      const printed = printStatements(once.statements, dialect);
      const twice = parse(printed, options);
      assert.deepEqual(withoutPositions(twice), withoutPositions(once), printed);
    }),
    { numRuns: 2000 },
  );
});
