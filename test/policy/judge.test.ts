import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  inbound,
  inbound6,
  outbound,
  outbound6,
  RECEIVER,
  RECEIVER6,
  SENDER,
  SENDER6,
  SERVER,
  SERVER6,
} from '../../fixtures/capture.js';
import type { NflogFields } from '../../fixtures/nflog.js';
import { FLAGS, ipv4, ipv6, tcp } from '../../fixtures/packet.js';
import { pflog } from '../../fixtures/pflog.js';
import type { Policy } from '../../src/policy/policy.js';
import { judgeContent, networks, OUT, ofNflog, ofPflog, short, toPort } from './verdict.js';

test('an inbound connection is a sighting of its source, an outbound one of its destination', () => {
  assert.deepEqual(ofPflog(inbound(), { rulenr: 4, ruleset: 'mail', subrulenr: 2 }), {
    sighting: {
      address: SENDER,
      direction: 'in',
      rule: { interface: 'em0', ruleset: 'mail', rulenr: 4, subrulenr: 2 },
    },
  });
  assert.deepEqual(ofPflog(outbound6(), { ...OUT, rulenr: 7 }), {
    sighting: {
      address: RECEIVER6,
      direction: 'out',
      rule: { interface: 'em0', ruleset: '', rulenr: 7, subrulenr: null },
    },
  });
});

test('the default rule has no number, nor has "none" of FreeBSD 9 in an anchor', () => {
  const verdict = ofPflog(inbound(), { rulenr: 0xffffffff, subrulenr: 0x01000000 });
  assert.ok('sighting' in verdict);
  assert.deepEqual(verdict.sighting.rule, {
    interface: 'em0',
    ruleset: '',
    rulenr: null,
    subrulenr: null,
  });
});

test('a record of netfilter names its rule by its prefix, and its interface by the number', () => {
  assert.deepEqual(ofNflog(inbound6(), { hook: 1, prefix: 'spamlogd-in', indev: 2 }), {
    sighting: {
      address: SENDER6,
      direction: 'in',
      rule: { interface: '#2', ruleset: 'spamlogd-in', rulenr: null, subrulenr: null },
    },
  });
  assert.deepEqual(ofNflog(outbound(), { hook: 4, indev: 3 }), {
    sighting: {
      address: RECEIVER,
      direction: 'out',
      rule: { interface: '', ruleset: '', rulenr: null, subrulenr: null },
    },
  });
});

test('ports may be others, or several', () => {
  const submission = ipv4(SENDER, SERVER, tcp(41_000, 587));
  assert.equal(short(ofPflog(submission, {}, { ports: [25, 587] })), `in ${SENDER}`);
  assert.equal(short(ofPflog(inbound(), {}, { ports: [587] })), 'other-port');
  assert.equal(short(ofPflog(inbound(), {}, { ports: [] })), 'other-port');
});

test('a translation counts as one when either side is to a mail port and the other is not', () => {
  const tarpit = ipv4(SENDER, '127.0.0.1', tcp(41_000, 8025));
  assert.equal(short(ofPflog(tarpit, { translated: { ...toPort(25), daddr: SERVER } })), 'redirected');
  const web = ipv4(SENDER, SERVER, tcp(41_000, 80));
  assert.equal(short(ofPflog(web, { translated: toPort(8080) })), 'other-port');
  assert.equal(short(ofPflog(inbound(), { translated: toPort(587) }, { ports: [25, 587] })), `in ${SENDER}`);
});

test('a header without addresses shows no redirection', () => {
  assert.equal(short(judgeContent(pflog('freebsd14', inbound()))), `in ${SENDER}`);
});

test('the first reason in the order of the tests is given', () => {
  const policy = { inboundOnly: true, interface: { name: 'em1' }, ignore: networks('203.0.113.0/24') };
  const fields = { ...OUT, action: 1, reason: 8 };
  assert.equal(short(ofPflog(outbound(FLAGS.ack), fields, policy)), 'not-opening');
  assert.equal(short(ofPflog(outbound(), fields, policy)), 'blocked');
  assert.equal(short(ofPflog(outbound(), { ...OUT, reason: 8 }, policy)), 'not-match');
  assert.equal(short(ofPflog(outbound(), OUT, policy)), 'outbound');
  assert.equal(short(ofPflog(outbound(), OUT, { ...policy, inboundOnly: false })), 'other-interface');
});

test('an interface name is matched exactly, up to 16 characters', () => {
  const on = (ifname: string, name: string): string =>
    short(ofPflog(inbound(), { ifname }, { interface: { name } }));
  assert.equal(on('vether1234567890', 'vether1234567890'), `in ${SENDER}`);
  assert.equal(on('vether1234567890', 'vether12345678901'), 'other-interface');
  assert.equal(on('em', 'em0'), 'other-interface');
  assert.equal(on('em0', 'em'), 'other-interface');
});

test('the guard is told the ruleset and both numbers of the rule', () => {
  const asked: unknown[] = [];
  const guard = {
    isGuarded: (...rule: [string, number, number | undefined]) => {
      asked.push(rule);
      return false;
    },
  };
  ofPflog(inbound(), { ruleset: 'mail', rulenr: 3, subrulenr: 5 }, { guard });
  ofPflog(inbound(), { rulenr: 0xffffffff }, { guard });
  assert.deepEqual(asked, [
    ['mail', 3, 5],
    ['', 0xffffffff, undefined],
  ]);
});

test('mail servers are asked for on the way out only, and of either family', () => {
  const mailServers = networks('2001:db8:25::/64');
  assert.equal(short(ofPflog(inbound(), {}, { mailServers })), `in ${SENDER}`);
  assert.equal(short(ofPflog(outbound6(), OUT, { mailServers })), `out ${RECEIVER6}`);
  assert.equal(short(ofPflog(outbound(), OUT, { mailServers })), 'not-mail-server');
});

test('ignored networks are those of the correspondent, on whichever end it is', () => {
  assert.equal(short(ofPflog(outbound(), OUT, { ignore: networks('203.0.113.9') })), 'ignored-network');
  assert.equal(short(ofPflog(outbound(), OUT, { ignore: networks('192.0.2.25') })), `out ${RECEIVER}`);
  assert.equal(short(ofPflog(inbound6(), {}, { ignore: networks('2001:db8:1::/48') })), 'ignored-network');
});

test('an IPv4-mapped source is the IPv4 address', () => {
  const mapped = ipv6('0:0:0:0:0:ffff:c633:6407', SERVER6, tcp(41_006, 25));
  assert.equal(short(ofPflog(mapped)), `in ${SENDER}`);
  assert.equal(short(ofPflog(mapped, {}, { ignore: networks('198.51.100.7') })), 'ignored-network');
});

test("netfilter's hook tells the direction, else its interfaces do", () => {
  const eth0 = { name: 'eth0', index: 2 };
  const table: [NflogFields, Partial<Policy>, string][] = [
    [{ hook: 0 }, {}, 'in'],
    [{ hook: 1, outdev: 2 }, {}, 'in'],
    [{ hook: 3 }, {}, 'out'],
    [{ hook: 4, indev: 3, outdev: 2 }, {}, 'out'],
    [{ hook: 2, indev: 2, outdev: 3 }, { interface: eth0 }, 'in'],
    [{ hook: 2, indev: 3, outdev: 2 }, { interface: eth0 }, 'out'],
    [{ hook: 2, indev: 3, outdev: 4 }, { interface: eth0 }, 'transit'],
    [{ hook: 2, indev: 2, outdev: 3 }, { interface: { name: 'eth0' } }, 'transit'],
    [{ hook: 5, indev: 2 }, {}, 'no-direction'],
    [{ indev: 2 }, {}, 'in'],
    [{ outdev: 2 }, {}, 'out'],
    [{ indev: 2, outdev: 3 }, {}, 'no-direction'],
    [{}, {}, 'no-direction'],
  ];
  for (const [fields, policy, expected] of table) {
    const [said] = short(ofNflog(inbound(), fields, policy)).split(' ');
    assert.equal(said, expected, JSON.stringify(fields));
  }
});

test('netfilter knows the interface by its number, of the side that the packet came or went', () => {
  const on = (fields: NflogFields, index?: number): string =>
    short(ofNflog(inbound(), fields, { interface: { name: 'eth0', ...(index !== undefined && { index }) } }));
  assert.equal(on({ hook: 1, indev: 2, outdev: 9 }, 2), `in ${SENDER}`);
  assert.equal(on({ hook: 1, indev: 9, outdev: 2 }, 2), 'other-interface');
  assert.equal(on({ hook: 3, indev: 9, outdev: 2 }, 2), `out ${SERVER}`);
  assert.equal(on({ hook: 1 }, 2), 'other-interface');
  assert.equal(on({ hook: 1, indev: 2 }), 'other-interface');
});
