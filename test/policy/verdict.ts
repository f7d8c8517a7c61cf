// What the judge says of records made for a test.

import { SENDER } from '../../fixtures/capture.js';
import { type NflogFields, nflog } from '../../fixtures/nflog.js';
import type { IpPacket } from '../../fixtures/packet.js';
import { type PflogFields, pflog, type Translation } from '../../fixtures/pflog.js';
import type { Content } from '../../fixtures/record.js';
import { PrefixSet, parsePrefix } from '../../src/address/prefix.js';
import { judge, type Verdict } from '../../src/policy/judge.js';
import type { Policy } from '../../src/policy/policy.js';
import { decodeRecord } from '../../src/wire/record.js';

const DEFAULT: Policy = { inboundOnly: false, ports: [25], ignore: new PrefixSet([]) };
/** Fields of an outbound record. */
export const OUT: PflogFields = { dir: 2 };

/** A set of networks. */
export function networks(...texts: string[]): PrefixSet {
  return new PrefixSet(texts.map(text => parsePrefix(text)!));
}

/** What is said of a record, whole or cut, under the default policy but for what is given. */
export function judgeContent(
  content: Content,
  policy: Partial<Policy> = {},
  size: number = content.bytes.length,
): Verdict {
  const linkType = content.link === 'pflog' ? 117 : 239;
  const record = decodeRecord(linkType, content.bytes.subarray(0, size), content.bytes.length, true);
  return judge(record, { ...DEFAULT, ...policy });
}

/** What is said of a packet behind OpenBSD's header. */
export function ofPflog(packet: IpPacket, fields: PflogFields = {}, policy: Partial<Policy> = {}): Verdict {
  return judgeContent(pflog('openbsd', packet, fields), policy);
}

/** What is said of a packet in netfilter's log. */
export function ofNflog(packet: IpPacket, fields: NflogFields, policy: Partial<Policy> = {}): Verdict {
  return judgeContent(nflog(packet, fields), policy);
}

/** The address and direction of a sighting, or the reason why there is none. */
export function short(verdict: Verdict): string {
  return 'ignored' in verdict ? verdict.ignored : `${verdict.sighting.direction} ${verdict.sighting.address}`;
}

/** A redirection of the sender's connection to another port of this host. */
export function toPort(dport: number): Translation {
  return { saddr: SENDER, daddr: '127.0.0.1', sport: 41_000, dport };
}
