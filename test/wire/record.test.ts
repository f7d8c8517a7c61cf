import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inbound, inbound6, SENDER, SENDER6, SERVER, SERVER6 } from '../../fixtures/capture.js';
import { nflog } from '../../fixtures/nflog.js';
import { fragmentHeader, ipv6, other, tcp } from '../../fixtures/packet.js';
import { pflog } from '../../fixtures/pflog.js';
import { decodeRecord, type LogRecord } from '../../src/wire/record.js';
import { hex, withBytes } from './hex.js';

const PFLOG = 117;
const NFLOG = 239;

function decode(linkType: number, bytes: Buffer): LogRecord {
  return decodeRecord(linkType, bytes, bytes.length, true);
}

/** A whole record, literally: OpenBSD's header, IPv4 and TCP. */
const WHOLE = hex(`
  64 02 00 00                                       | 100 bytes, AF_INET, pass, match
  65 6d 30 00 00 00 00 00 00 00 00 00 00 00 00 00   | em0
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00   | main ruleset
  00 00 00 04  ff ff ff ff                          | rule 4
  ff ff ff ff  a0 86 01 00  00 00 00 00  e1 10 00 00   | ids
  01 00 02 00                                       | in, not rewritten, AF_INET
  c6 33 64 07 00 00 00 00 00 00 00 00 00 00 00 00
  c0 00 02 19 00 00 00 00 00 00 00 00 00 00 00 00
  a0 28 00 19                                       | ports
  45 00 00 2c 12 34 00 00 40 06 7c 44 c6 33 64 07 c0 00 02 19
  a0 28 00 19 00 00 10 00 00 00 00 00 60 02 40 00 bb 90 00 00 02 04 05 b4
`);

test('a record of pf, with every field', () => {
  assert.deepEqual(decode(PFLOG, WHOLE), {
    link: 'pflog',
    pflog: {
      length: 100,
      af: 2,
      action: 0,
      reason: 0,
      ifname: 'em0',
      ruleset: '',
      rulenr: 4,
      subrulenr: 0xffffffff,
      dir: 1,
      uid: 0xffffffff,
      pid: 100_000,
      ruleUid: 0,
      rulePid: 4321,
      rewritten: 0,
      naf: 2,
      saddr: '198.51.100.7',
      daddr: '192.0.2.25',
      sport: 41_000,
      dport: 25,
      payloadOffset: 100,
    },
    packet: {
      src: '198.51.100.7',
      dst: '192.0.2.25',
      protocol: 6,
      tcp: { sport: 41_000, dport: 25, flags: 2 },
    },
  });
});

test('a record of netfilter, with every field', () => {
  const bytes = hex(`
    02 00 00 05  08 00 01 00 08 00 01 00  08 00 04 00 00 00 00 02  30 00 09 00
    45 00 00 2c 12 34 00 00 40 06 7c 44 c6 33 64 07 c0 00 02 19
    a0 28 00 19 00 00 10 00 00 00 00 00 60 02 40 00 bb 90 00 00 02 04 05 b4`);
  assert.deepEqual(decode(NFLOG, bytes), {
    link: 'nflog',
    nflog: {
      family: 2,
      version: 0,
      resourceId: 5,
      hook: 1,
      indev: 2,
      payloadOffset: 24,
      payloadEnd: 68,
    },
    packet: {
      src: '198.51.100.7',
      dst: '192.0.2.25',
      protocol: 6,
      tcp: { sport: 41_000, dport: 25, flags: 2 },
    },
  });
});

test('the version of the packet has to be that of the family', () => {
  const why = 'no IPv6 packet behind the header';
  const { bytes } = nflog(inbound6(), { hook: 1 });
  const { refusal, packet } = decode(NFLOG, withBytes(bytes, 16, 0x45));
  assert.deepEqual({ refusal, packet }, { refusal: { refused: 'payload-not-ip', why }, packet: undefined });
});

test('a packet of another protocol has no ports', () => {
  const { bytes } = pflog('openbsd', ipv6(SENDER6, SERVER6, other(58, Buffer.alloc(24))));
  assert.deepEqual(decode(PFLOG, bytes).packet, { src: SENDER6, dst: SERVER6, protocol: 58 });
});

test('a later fragment has no ports, and says that it is one', () => {
  const packet = ipv6(SENDER6, SERVER6, tcp(41_006, 25), fragmentHeader({ offset: 8, more: false }));
  assert.deepEqual(decode(PFLOG, pflog('openbsd', packet).bytes).packet, {
    src: SENDER6,
    dst: SERVER6,
    protocol: 6,
    isLaterFragment: true,
  });
});

test('what was read before a refusal is there', () => {
  const whole = decode(PFLOG, WHOLE);
  const cut = decodeRecord(PFLOG, WHOLE.subarray(0, 133), WHOLE.length, true);
  assert.deepEqual(cut, {
    link: 'pflog',
    pflog: whole.pflog,
    packet: { src: SENDER, dst: SERVER, protocol: 6 },
    refusal: { refused: 'cut-short', why: 'too little of the TCP header was captured' },
  });
  const none = decode(PFLOG, WHOLE.subarray(0, 44));
  assert.deepEqual(none, {
    link: 'pflog',
    refusal: { refused: 'header-cut', why: 'pflog header larger than caplen (100/44)' },
  });
});

test('the payload of a netfilter record ends before what is behind it', () => {
  const { bytes } = nflog(inbound(), { hook: 1 });
  const short = withBytes(bytes, 12, 4 + 33, 0);
  assert.deepEqual(decode(NFLOG, short).refusal?.refused, 'cut-short');
  assert.equal(decode(NFLOG, bytes).refusal, undefined);
});
