import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../../src/address/address.js';
import { EMPTY_ENVIRONMENT } from '../../src/pfconf/environment.js';
import { evaluatePacket } from '../../src/pfconf/evaluate/evaluate.js';
import type { Packet } from '../../src/pfconf/evaluate/packet.js';
import { loadRules } from '../../src/pfconf/load.js';
import { parsePfConf } from '../../src/pfconf/parse.js';
import type { Dialect } from '../../src/pfconf/source.js';

// A model of pf that is as plain as can be: rules are data, evaluation is one loop over them.

interface ModelRule {
  readonly kind: 'rule';
  readonly action: 'pass' | 'block' | 'match';
  readonly direction: 'in' | 'out' | null;
  readonly log: 'no' | 'log' | 'matches';
  readonly logTo: number;
  readonly quick: boolean;
  readonly interface: string | null;
  readonly family: 'inet' | 'inet6' | null;
  readonly source: 'any' | '<white>' | '! <white>' | '203.0.113.0/24';
  readonly port: number | null;
  readonly redirect: number | null;
  readonly divert: number | null;
  /** Whether what goes out seems to come from 198.51.100.1, which is neither white nor near. */
  readonly nat: boolean;
  readonly tag: string | null;
  readonly tagged: string | null;
}

interface ModelAnchor {
  readonly kind: 'anchor';
  readonly quick: boolean;
  readonly direction: 'in' | 'out' | null;
  readonly rules: readonly ModelRule[];
}

interface ModelPacket {
  readonly direction: 'in' | 'out';
  readonly interface: string;
  readonly family: 'inet' | 'inet6';
  readonly isWhite: boolean;
  readonly isNear: boolean;
  readonly port: number;
}

type Model = readonly (ModelRule | ModelAnchor)[];

const direction = fc.constantFrom('in' as const, 'out' as const, null);
const port = fc.constantFrom(25, 80, 8025);
const rule: fc.Arbitrary<ModelRule> = fc
  .record({
    kind: fc.constant('rule' as const),
    action: fc.constantFrom('pass' as const, 'pass' as const, 'block' as const, 'match' as const),
    direction,
    log: fc.constantFrom('no' as const, 'no' as const, 'log' as const, 'matches' as const),
    logTo: fc.constantFrom(0, 1),
    quick: fc.boolean(),
    interface: fc.constantFrom('em0', 'em1', null, null),
    family: fc.constantFrom('inet' as const, 'inet6' as const, null, null),
    source: fc.constantFrom(
      'any' as const,
      '<white>' as const,
      '! <white>' as const,
      '203.0.113.0/24' as const,
    ),
    port: fc.option(port),
    redirect: fc.option(port),
    divert: fc.option(port),
    nat: fc.boolean(),
    tag: fc.constantFrom('A', 'B', null, null),
    tagged: fc.constantFrom('A', null, null, null),
  })
  .map(one => ({
    ...one,
    // Only what pf accepts: translation needs a direction and no block, diverting a pass rule for what comes in.
    redirect: one.direction === 'in' && one.action !== 'block' ? one.redirect : null,
    divert: one.direction === 'in' && one.action === 'pass' && one.redirect === null ? one.divert : null,
    nat: one.direction === 'out' && one.action !== 'block' && one.nat,
    logTo: one.log === 'no' ? 0 : one.logTo,
  }))
  .map(one => ((one.redirect ?? one.divert) === null && !one.nat ? one : { ...one, family: null }));
const anchor = fc.record({
  kind: fc.constant('anchor' as const),
  quick: fc.boolean(),
  direction,
  rules: fc.array(rule, { maxLength: 4 }),
});
const model: fc.Arbitrary<Model> = fc.array(fc.oneof({ weight: 5, arbitrary: rule }, anchor), {
  maxLength: 8,
});
const packet: fc.Arbitrary<ModelPacket> = fc.record({
  direction: fc.constantFrom('in' as const, 'out' as const),
  interface: fc.constantFrom('em0', 'em1'),
  family: fc.constantFrom('inet' as const, 'inet6' as const),
  isWhite: fc.boolean(),
  isNear: fc.boolean(),
  port: fc.constantFrom(25, 80),
});

/** A rule with a redirection to 127.0.0.1, or a translation to an IPv4 address, is one for IPv4. */
function familyOf(one: ModelRule): string | null {
  const implied =
    one.redirect !== null || one.divert !== null || one.nat || one.source === '203.0.113.0/24'
      ? 'inet'
      : null;
  return one.family ?? implied;
}

function isLoadable(one: ModelRule): boolean {
  const implied = familyOf({ ...one, family: null });
  return one.family === null || implied === null || implied === one.family;
}

function ruleText(one: ModelRule): string {
  const options = [one.log === 'matches' ? 'matches' : '', one.logTo ? `to pflog${one.logTo}` : ''].filter(
    Boolean,
  );
  return [
    one.action,
    one.direction ?? '',
    one.log === 'no' ? '' : `log${options.length > 0 ? ` (${options.join(', ')})` : ''}`,
    one.quick ? 'quick' : '',
    one.interface ? `on ${one.interface}` : '',
    one.family ?? '',
    'proto tcp',
    `from ${one.source} to any`,
    one.port === null ? '' : `port ${one.port}`,
    one.redirect === null ? '' : `rdr-to 127.0.0.1 port ${one.redirect}`,
    one.divert === null ? '' : `divert-to 127.0.0.1 port ${one.divert}`,
    one.nat ? 'nat-to 198.51.100.1' : '',
    one.tagged === null ? '' : `tagged ${one.tagged}`,
    one.tag === null ? '' : `tag ${one.tag}`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** The text, a rule a line; what comes from `lineOf` is the line of a rule object. */
function modelText(model: Model): { text: string; lineOf: Map<ModelRule, number> } {
  const lines = ['table <white> persist'];
  const lineOf = new Map<ModelRule, number>();
  const add = (one: ModelRule): void => {
    lines.push(ruleText(one));
    lineOf.set(one, lines.length);
  };
  for (const one of model) {
    if (one.kind === 'rule') {
      add(one);
      continue;
    }
    lines.push(['anchor', one.direction ?? '', one.quick ? 'quick' : '', '{'].filter(Boolean).join(' '));
    one.rules.forEach(add);
    lines.push('}');
  }
  return { text: lines.join('\n'), lineOf };
}

interface ModelOutcome {
  action: string;
  line: number | null;
  port: number | null;
  divert: number | null;
  logs: string[];
}

function play(model: Model, start: ModelPacket, lineOf: Map<ModelRule, number>): ModelOutcome {
  let last: ModelRule | null = null;
  let tag: string | null = null;
  let port = start.port;
  let { isWhite, isNear } = start;
  let isOver = false;
  const forced: number[] = [];
  const logs = new Set<string>();
  const log = (one: ModelRule, to: number): void => {
    logs.add(`pflog${to} line ${lineOf.get(one)} port ${port}`);
  };
  const matches = (one: ModelRule): boolean =>
    (one.direction === null || one.direction === start.direction) &&
    (one.interface === null || one.interface === start.interface) &&
    (familyOf(one) === null || familyOf(one) === start.family) &&
    (one.source !== '<white>' || isWhite) &&
    (one.source !== '! <white>' || !isWhite) &&
    (one.source !== '203.0.113.0/24' || (isNear && start.family === 'inet')) &&
    (one.port === null || one.port === port) &&
    (one.tagged === null || one.tagged === tag);
  const step = (one: ModelRule): void => {
    if (isOver || !isLoadable(one) || !matches(one)) return;
    if (one.tag !== null) tag = one.tag;
    if (one.action === 'match') {
      if (one.redirect !== null) port = one.redirect;
      if (one.nat) isWhite = isNear = false;
      if (one.log !== 'no') log(one, one.logTo);
      if (one.log === 'matches') forced.push(one.logTo);
    } else last = one;
    if (one.log !== 'matches') for (const to of forced) log(one, to);
    if (one.quick) isOver = true;
  };
  for (const one of model) {
    if (one.kind === 'rule') step(one);
    else if (!isOver && (one.direction === null || one.direction === start.direction)) {
      const before: ModelRule | null = last;
      last = null;
      one.rules.forEach(step);
      if (last !== null && one.quick) isOver = true;
      last ??= before;
    }
  }
  const end = last as ModelRule | null;
  let divert: number | null = null;
  if (end?.action === 'pass') {
    if (end.redirect !== null) port = end.redirect;
    divert = end.divert;
  }
  if (end && end.log !== 'no') log(end, end.logTo);
  if (end && end.log !== 'matches') for (const to of forced) log(end, to);
  const action = end?.action === 'block' ? 'block' : 'pass';
  return {
    action,
    line: end ? lineOf.get(end)! : null,
    port: action === 'block' ? null : port,
    divert,
    logs: [...logs],
  };
}

function toPacket(one: ModelPacket): Packet {
  const near = one.family === 'inet' ? '203.0.113.7' : '2001:db8::7';
  const far = one.family === 'inet' ? '198.51.100.7' : '2001:db8:1::7';
  const address = parseAddress(one.isNear ? near : far)!;
  const server = parseAddress(one.family === 'inet' ? '192.0.2.25' : '2001:db8::25')!;
  return {
    direction: one.direction,
    interface: one.interface,
    family: one.family,
    source: { address, place: 'outside', tables: new Set(one.isWhite ? ['white'] : []) },
    sourcePort: 50_000,
    destination: { address: server, place: 'self', tables: new Set() },
    destinationPort: one.port,
    receivedOn: null,
    tag: null,
  };
}

function evaluate(text: string, one: ModelPacket, dialect: Dialect): ReturnType<typeof evaluatePacket> {
  const { statements, diagnostics } = parsePfConf(text, { dialect, file: 'pf.conf' });
  assert.deepEqual(diagnostics, []);
  const rules = loadRules(statements, { dialect, isListing: false });
  return evaluatePacket(toPacket(one), { rules, environment: EMPTY_ENVIRONMENT }, dialect);
}

test('OpenBSD rules decide, translate and log as a plain model of pf does', () => {
  fc.assert(
    fc.property(model, packet, (rules, one) => {
      const { text, lineOf } = modelText(rules);
      const expected = play(rules, one, lineOf);
      const { outcomes, doubts } = evaluate(text, one, 'openbsd');
      assert.equal(outcomes.length, 1, text);
      assert.deepEqual(doubts, []);
      const { action, rule: decided, target, packet: after, records } = outcomes[0]!;
      const actual: ModelOutcome = {
        action,
        line: decided?.position.line ?? null,
        port: action === 'block' ? null : after.destinationPort,
        divert: target?.how === 'divert-to' ? target.port : null,
        logs: records.map(
          record => `pflog${record.logInterface} line ${record.rule.position.line} port ${record.ports[1]}`,
        ),
      };
      assert.deepEqual(
        { ...actual, logs: [...new Set(actual.logs)].sort() },
        { ...expected, logs: expected.logs.sort() },
        `${text}\n${JSON.stringify(one)}`,
      );
    }),
    { numRuns: 3000 },
  );
});

test('FreeBSD translation comes first, and its first rule that matches decides', () => {
  const translation = fc.record({
    no: fc.boolean(),
    pass: fc.boolean(),
    interface: fc.constantFrom('em0', 'em1', null),
    source: fc.constantFrom('any' as const, '<white>' as const, '! <white>' as const),
    port: fc.option(port),
    to: port,
  });
  const filter = fc.array(
    rule.map(one => ({
      ...one,
      redirect: null,
      divert: null,
      nat: false,
      log: one.log === 'no' ? ('no' as const) : ('log' as const),
    })),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(fc.array(translation, { maxLength: 4 }), filter, packet, (translations, filters, one) => {
      const head = translations.map(each => {
        const parts = [
          each.no ? 'no rdr' : `rdr${each.pass ? ' pass' : ''}`,
          each.interface ? `on ${each.interface}` : '',
          `inet proto tcp from ${each.source} to any`,
          each.port === null ? '' : `port ${each.port}`,
          each.no ? '' : `-> 127.0.0.1 port ${each.to}`,
        ];
        return parts.filter(Boolean).join(' ');
      });
      const found = translations.findIndex(
        each =>
          one.direction === 'in' &&
          one.family === 'inet' &&
          (each.interface === null || each.interface === one.interface) &&
          (each.source !== '<white>' || one.isWhite) &&
          (each.source !== '! <white>' || !one.isWhite) &&
          (each.port === null || each.port === one.port),
      );
      const hit = translations[found];
      const isTranslated = hit !== undefined && !hit.no;
      const { text, lineOf } = modelText(filters);
      const whole = [...head, text].join('\n');
      const port = isTranslated ? hit.to : one.port;
      const expected = play(filters, { ...one, port }, lineOf);
      const { outcomes } = evaluate(whole, one, 'freebsd');
      assert.equal(outcomes.length, 1);
      const { action, rule: decided, packet: after } = outcomes[0]!;
      const line = expected.line === null ? null : expected.line + head.length;
      if (isTranslated && hit.pass) assert.equal(decided?.position.line, found + 1, whole);
      else assert.deepEqual([action, decided?.position.line ?? null], [expected.action, line], whole);
      assert.equal(after.destinationPort, port);
    }),
    { numRuns: 2000 },
  );
});

test('FreeBSD nat comes before the filter, which sees the address that it gives', () => {
  const filter = fc.array(
    rule.map(one => ({ ...one, redirect: null, divert: null, nat: false, log: 'no' as const })),
    { maxLength: 5 },
  );
  const nat = fc.record({ no: fc.boolean(), isForWhite: fc.boolean() });
  fc.assert(
    fc.property(fc.array(nat, { maxLength: 3 }), filter, packet, (nats, filters, one) => {
      const head = nats.map(({ no, isForWhite }) => {
        const source = isForWhite ? '<white>' : 'any';
        return `${no ? 'no ' : ''}nat on em0 inet from ${source} to any${no ? '' : ' -> 198.51.100.1'}`;
      });
      const hit = nats.find(({ isForWhite }) => !isForWhite || one.isWhite);
      const isThere = one.direction === 'out' && one.interface === 'em0' && one.family === 'inet';
      const isTranslated = isThere && hit !== undefined && !hit.no;
      const { text, lineOf } = modelText(filters);
      const seen = isTranslated ? { ...one, isWhite: false, isNear: false } : one;
      const expected = play(filters, seen, lineOf);
      const whole = [...head, text].join('\n');
      const { outcomes } = evaluate(whole, one, 'freebsd');
      assert.equal(outcomes.length, 1, whole);
      const { action, rule: decided } = outcomes[0]!;
      // Where no filter rule decides, the translation is what is named.
      if (expected.line !== null) assert.equal(decided?.position.line, expected.line + head.length, whole);
      assert.equal(action, expected.action, whole);
    }),
    { numRuns: 1000 },
  );
});
