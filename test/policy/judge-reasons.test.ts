import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inbound, outbound, SENDER, SERVER } from '../../fixtures/capture.js';
import { nflog } from '../../fixtures/nflog.js';
import { FLAGS, ipv4, tcp, udp } from '../../fixtures/packet.js';
import { pflog } from '../../fixtures/pflog.js';
import type { Content } from '../../fixtures/record.js';
import type { Verdict } from '../../src/policy/judge.js';
import type { Reason } from '../../src/policy/reason.js';
import { judgeContent, networks, OUT, ofNflog, ofPflog, toPort } from './verdict.js';

/** For each reason a record that is ignored for it, and one that differs from it in the least and counts. */
const REASONS: Record<Reason, { readonly ignored: () => Verdict; readonly counts: () => Verdict }> = {
  'other-family': {
    ignored: () => ofPflog(inbound(), { af: 18 }),
    counts: () => ofPflog(inbound(), { af: 2 }),
  },
  'no-payload': {
    ignored: () => judgeContent(nflog(inbound(), { hook: 1 }), {}, 12),
    counts: () => ofNflog(inbound(), { hook: 1 }),
  },
  'cut-short': {
    ignored: () => judgeContent(pflog('openbsd', inbound()), {}, 133),
    counts: () => judgeContent(pflog('openbsd', inbound()), {}, 134),
  },
  'not-tcp': {
    ignored: () => ofPflog(ipv4(SENDER, SERVER, udp(41_000, 25))),
    counts: () => ofPflog(ipv4(SENDER, SERVER, tcp(41_000, 25))),
  },
  fragment: {
    ignored: () => ofPflog(ipv4(SENDER, SERVER, tcp(41_000, 25), { fragment: { offset: 8, more: true } })),
    counts: () => ofPflog(ipv4(SENDER, SERVER, tcp(41_000, 25), { fragment: { offset: 0, more: true } })),
  },
  'other-port': {
    ignored: () => ofPflog(ipv4(SENDER, SERVER, tcp(25, 26))),
    counts: () => ofPflog(ipv4(SENDER, SERVER, tcp(26, 25))),
  },
  'not-opening': {
    ignored: () => ofPflog(inbound(FLAGS.synAck)),
    counts: () => ofPflog(inbound(FLAGS.ecnSyn)),
  },
  blocked: {
    ignored: () => ofPflog(inbound(), { action: 1 }),
    counts: () => ofPflog(inbound(), { action: 0 }),
  },
  'other-action': {
    ignored: () => ofPflog(inbound(), { action: 12 }),
    counts: () => ofPflog(inbound(), { action: 0 }),
  },
  'not-match': {
    ignored: () => ofPflog(inbound(), { reason: 8 }),
    counts: () => ofPflog(inbound(), { reason: 0 }),
  },
  'no-direction': {
    ignored: () => ofPflog(inbound(), { dir: 0 }),
    counts: () => ofPflog(inbound(), { dir: 1 }),
  },
  transit: {
    ignored: () => ofNflog(inbound(), { hook: 2, indev: 2, outdev: 3 }),
    counts: () =>
      ofNflog(inbound(), { hook: 2, indev: 2, outdev: 3 }, { interface: { name: 'eth0', index: 2 } }),
  },
  outbound: {
    ignored: () => ofPflog(outbound(), OUT, { inboundOnly: true }),
    counts: () => ofPflog(inbound(), {}, { inboundOnly: true }),
  },
  'other-interface': {
    ignored: () => ofPflog(inbound(), { ifname: 'em10' }, { interface: { name: 'em1' } }),
    counts: () => ofPflog(inbound(), { ifname: 'em1' }, { interface: { name: 'em1' } }),
  },
  redirected: {
    ignored: () => ofPflog(inbound(), { translated: toPort(8025) }),
    counts: () => ofPflog(inbound(), { translated: toPort(25) }),
  },
  'guarded-rule': {
    ignored: () => ofPflog(inbound(), { rulenr: 9 }, { guard: { isGuarded: (_, rulenr) => rulenr === 9 } }),
    counts: () => ofPflog(inbound(), { rulenr: 8 }, { guard: { isGuarded: (_, rulenr) => rulenr === 9 } }),
  },
  'not-mail-server': {
    ignored: () => ofPflog(outbound(), OUT, { mailServers: networks('192.0.2.26') }),
    counts: () => ofPflog(outbound(), OUT, { mailServers: networks('192.0.2.25') }),
  },
  'ignored-network': {
    ignored: () => ofPflog(inbound(), {}, { ignore: networks('198.51.100.0/29') }),
    counts: () => ofPflog(inbound(), {}, { ignore: networks('198.51.100.8/29', '192.0.2.0/24') }),
  },
  empty: {
    ignored: () => judgeContent(pflog('openbsd', inbound()), {}, 0),
    counts: () => judgeContent(pflog('openbsd', inbound())),
  },
  'header-length': {
    ignored: () => changed(0, 44),
    counts: () => changed(0, 100),
  },
  'header-cut': {
    ignored: () => judgeContent(pflog('openbsd', inbound()), {}, 99),
    counts: () => judgeContent(pflog('openbsd', inbound())),
  },
  'header-version': {
    ignored: () => judgeContent(change(nflog(inbound(), { hook: 1 }), 1, 1)),
    counts: () => judgeContent(change(nflog(inbound(), { hook: 1 }), 1, 0)),
  },
  'bad-attribute': {
    ignored: () => judgeContent(change(nflog(inbound(), { hook: 1 }), 12, 49)),
    counts: () => judgeContent(change(nflog(inbound(), { hook: 1 }), 12, 48)),
  },
  'payload-not-ip': {
    ignored: () => changed(100, 0x55),
    counts: () => changed(100, 0x45),
  },
  'ip-header': {
    ignored: () => judgeContent(change(nflog(inbound(), { hook: 1 }), 16, 0x44)),
    counts: () => judgeContent(change(nflog(inbound(), { hook: 1 }), 16, 0x45)),
  },
};

function change(content: Content, at: number, value: number): Content {
  const bytes = Buffer.from(content.bytes);
  bytes[at] = value;
  return { ...content, bytes };
}

function changed(at: number, value: number): Verdict {
  return judgeContent(change(pflog('openbsd', inbound()), at, value));
}

for (const [reason, { ignored, counts }] of Object.entries(REASONS)) {
  test(`a record is ignored for the reason ${reason}, and counts without it`, () => {
    assert.deepEqual(ignored(), { ignored: reason });
    assert.ok('sighting' in counts());
  });
}
