// Whether a record is a sighting, straight from its bytes: the rules of judge.ts without a value made for a record refused.

import { MAPPED_WORD } from '../address/address.js';
import { DIRECTION } from '../whitelist/batch.js';
import { be16, be32, fieldText } from '../wire/bytes.js';
import {
  extensionLength,
  IPV4 as IPV4_HEADER,
  IPV4_OFFSET_MASK,
  IPV6,
  IPV6_OFFSET_MASK,
  isExtensionHeader,
  PROTOCOL as PROTOCOLS,
} from '../wire/ip.js';
import { HOOK, LINUX_AF, NFLOG } from '../wire/nflog.js';
import {
  directionOffset,
  ipVersion,
  locatePayload,
  PF as PF_VALUES,
  PFLOG as PFLOG_HEADER,
  subruleNumber,
} from '../wire/pflog.js';
import type { RecordCursor } from '../wire/record-cursor.js';
import { LINK_TYPE } from '../wire/savefile-problem.js';
import { isOpening, TCP as TCP_HEADER } from '../wire/tcp.js';
import { NflogView, ABSENT as NO_ATTRIBUTE } from './nflog-view.js';
import type { Policy } from './policy.js';
import { REASON_NUMBER } from './reason.js';
import { RuleTable } from './rule-table.js';

// V8 takes a module's own constants for what they are, but looks imported ones up again for every record.
const {
  'bad-attribute': BAD_ATTRIBUTE,
  blocked: BLOCKED,
  'cut-short': CUT_SHORT,
  empty: EMPTY,
  fragment: FRAGMENT,
  'guarded-rule': GUARDED_RULE,
  'header-cut': HEADER_CUT,
  'header-length': HEADER_LENGTH,
  'header-version': HEADER_VERSION,
  'ignored-network': IGNORED_NETWORK,
  'ip-header': IP_HEADER,
  'no-direction': NO_DIRECTION,
  'no-payload': NO_PAYLOAD,
  'not-mail-server': NOT_MAIL_SERVER,
  'not-match': NOT_MATCH,
  'not-opening': NOT_OPENING,
  'not-tcp': NOT_TCP,
  'other-action': OTHER_ACTION,
  'other-family': OTHER_FAMILY,
  'other-interface': OTHER_INTERFACE,
  'other-port': OTHER_PORT,
  outbound: OUTBOUND,
  'payload-not-ip': PAYLOAD_NOT_IP,
  redirected: REDIRECTED,
  transit: TRANSIT,
} = REASON_NUMBER;
const PFLOG = PFLOG_HEADER;
const PF = PF_VALUES;
const IPV4 = IPV4_HEADER;
const FRAGMENT_MASK = IPV4_OFFSET_MASK;
const PROTOCOL = PROTOCOLS;
const TCP = TCP_HEADER;
const { in: IN, out: OUT } = DIRECTION;
const ABSENT = NO_ATTRIBUTE;
const NFLOG_LINK = LINK_TYPE.nflog;

/** The number that {@link Screen.check} gives for a record that counts. */
export const SIGHTING = 0;

/** A policy made ready to be asked of millions of records. After {@link check} said 0 its fields tell the sighting. */
export class Screen {
  readonly rules: RuleTable;
  /** The correspondent's address: the four words of address.ts as signed integers. */
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  /** 1 in, 2 out. */
  direction = 0;
  /** Number of the rule in {@link rules}. */
  rule = 0;

  readonly #policy: Policy;
  readonly #isMailPort = new Uint8Array(65_536);
  /** Of the packet: where its addresses are, and whether they are IPv4 ones. */
  #source = 0;
  #destination = 0;
  #isIpv4 = false;
  readonly #nflog = new NflogView();

  constructor(policy: Policy, rules: RuleTable = new RuleTable()) {
    this.#policy = policy;
    this.rules = rules;
    for (const port of policy.ports) this.#isMailPort[port] = 1;
  }

  /** 0 for a sighting, else the number of the reason why not (see reason.ts). */
  check(cursor: RecordCursor): number {
    return cursor.linkType === NFLOG_LINK ? this.#checkNflog(cursor) : this.#checkPflog(cursor);
  }

  #checkPflog(cursor: RecordCursor): number {
    const { bytes, view, at, end } = cursor;
    if (end === at) return EMPTY;
    const length = bytes[at]!;
    if (length < PFLOG.minimum) return HEADER_LENGTH;
    if (end - at < ((length + 3) & ~3)) return HEADER_CUT;
    const version = ipVersion(bytes[at + PFLOG.af]!);
    if (version === 0) return OTHER_FAMILY;
    const payload = locatePayload(bytes, at, end, cursor.originalLength, version);
    if (payload < 0) return PAYLOAD_NOT_IP;
    const reason = this.#checkPacket(
      bytes,
      view,
      at + payload,
      end,
      version,
      length >= PFLOG.withAddresses ? at : ABSENT,
    );
    if (reason !== SIGHTING) return reason;
    const action = bytes[at + PFLOG.action]!;
    if (action === PF.drop) return BLOCKED;
    if (action !== PF.pass) return OTHER_ACTION;
    if (bytes[at + PFLOG.reason] !== PF.match) return NOT_MATCH;
    const direction = bytes[at + directionOffset(length)]!;
    if (direction !== PF.in && direction !== PF.out) return NO_DIRECTION;
    const policy = this.#policy;
    if (direction === PF.out && policy.inboundOnly) return OUTBOUND;
    if (policy.interface !== undefined && !isName(bytes, at + PFLOG.ifname, policy.interface.name)) {
      return OTHER_INTERFACE;
    }
    if (policy.guard !== undefined && isGuarded(policy.guard, bytes, at)) return GUARDED_RULE;
    const refusal = this.#checkAddresses(view, direction);
    if (refusal !== SIGHTING) return refusal;
    this.rule = this.rules.pflogRule(bytes, view, at, direction);
    return SIGHTING;
  }

  #checkNflog(cursor: RecordCursor): number {
    const { bytes, view, at, end } = cursor;
    if (end === at) return EMPTY;
    if (end - at < NFLOG.size) return HEADER_CUT;
    if (bytes[at + NFLOG.version] !== 0) return HEADER_VERSION;
    const attributes = this.#nflog;
    const payload = attributes.read(cursor);
    if (payload === ABSENT) return BAD_ATTRIBUTE;
    const family = bytes[at + NFLOG.family]!;
    if (family !== LINUX_AF.inet && family !== LINUX_AF.inet6) return OTHER_FAMILY;
    if (payload === 0) return NO_PAYLOAD;
    const version = family === LINUX_AF.inet ? 4 : 6;
    if (payload < attributes.payloadEnd && bytes[payload]! >> 4 !== version) return PAYLOAD_NOT_IP;
    const reason = this.#checkPacket(bytes, view, payload, attributes.payloadEnd, version, ABSENT);
    if (reason !== SIGHTING) return reason;
    const policy = this.#policy;
    const direction = attributes.direction(policy.interface?.index ?? ABSENT);
    if (direction === 0) return attributes.hook === HOOK.forward ? TRANSIT : NO_DIRECTION;
    if (direction === OUT && policy.inboundOnly) return OUTBOUND;
    const index = direction === IN ? attributes.indev : attributes.outdev;
    if (policy.interface !== undefined && (index === ABSENT || policy.interface.index !== index)) {
      return OTHER_INTERFACE;
    }
    const refusal = this.#checkAddresses(view, direction);
    if (refusal !== SIGHTING) return refusal;
    this.rule = this.rules.intern({
      interface: index === ABSENT ? '' : (policy.nameInterface?.(index) ?? `#${index}`),
      ruleset: fieldText(bytes, attributes.prefixAt, attributes.prefixSize),
      rulenr: null,
      subrulenr: null,
    });
    return SIGHTING;
  }

  /** @param header where the pflog header is if it has the addresses of a translation, else {@link ABSENT} */
  #checkPacket(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    version: 4 | 6,
    header: number,
  ): number {
    const tcp = version === 4 ? this.#checkIpv4(bytes, view, at, end) : this.#checkIpv6(bytes, at, end);
    if (tcp < 0) return -tcp;
    if (tcp + TCP.size > end) return CUT_SHORT;
    const isMail = this.#isMailPort[view.getUint16(tcp + TCP.destinationPort)];
    if (header !== ABSENT && bytes[header + PFLOG.rewritten] !== 0) {
      if (isMail !== this.#isMailPort[view.getUint16(header + PFLOG.dport)]) return REDIRECTED;
    }
    if (isMail === 0) return OTHER_PORT;
    return isOpening(bytes[tcp + TCP.flags]!) ? SIGHTING : NOT_OPENING;
  }

  /** Where the TCP header is, or a reason's number negated. */
  #checkIpv4(bytes: Uint8Array, view: DataView, at: number, end: number): number {
    if (at >= end) return -CUT_SHORT;
    const headerLength = (bytes[at]! & 15) * 4;
    if (headerLength < IPV4.size) return -IP_HEADER;
    if (at + IPV4.size > end) return -CUT_SHORT;
    if (bytes[at + IPV4.protocol] !== PROTOCOL.tcp) return -NOT_TCP;
    if ((view.getUint16(at + IPV4.fragment) & FRAGMENT_MASK) !== 0) return -FRAGMENT;
    this.#isIpv4 = true;
    this.#source = at + IPV4.source;
    this.#destination = at + IPV4.destination;
    return at + headerLength;
  }

  #checkIpv6(bytes: Uint8Array, at: number, end: number): number {
    if (at + IPV6.size > end) return -CUT_SHORT;
    this.#isIpv4 = false;
    this.#source = at + IPV6.source;
    this.#destination = at + IPV6.destination;
    let protocol = bytes[at + IPV6.nextHeader]!;
    let offset = at + IPV6.size;
    let isLaterFragment = false;
    while (!isLaterFragment && isExtensionHeader(protocol)) {
      if (offset + 8 > end) return -CUT_SHORT;
      isLaterFragment = protocol === PROTOCOL.fragment && (be16(bytes, offset + 2) & IPV6_OFFSET_MASK) !== 0;
      const length = extensionLength(bytes, offset, protocol);
      protocol = bytes[offset]!;
      offset += length;
    }
    if (protocol !== PROTOCOL.tcp) return -NOT_TCP;
    return isLaterFragment ? -FRAGMENT : offset;
  }

  #checkAddresses(view: DataView, direction: number): number {
    const { mailServers, ignore } = this.#policy;
    if (direction === OUT && mailServers !== undefined) {
      this.#readAddress(view, this.#source);
      if (!mailServers.has(this.w0, this.w1, this.w2, this.w3)) return NOT_MAIL_SERVER;
    }
    this.#readAddress(view, direction === IN ? this.#source : this.#destination);
    this.direction = direction;
    return ignore.size > 0 && ignore.has(this.w0, this.w1, this.w2, this.w3) ? IGNORED_NETWORK : SIGHTING;
  }

  #readAddress(view: DataView, at: number): void {
    if (this.#isIpv4) {
      this.w0 = 0;
      this.w1 = 0;
      this.w2 = MAPPED_WORD;
      this.w3 = view.getInt32(at);
    } else {
      this.w0 = view.getInt32(at);
      this.w1 = view.getInt32(at + 4);
      this.w2 = view.getInt32(at + 8);
      this.w3 = view.getInt32(at + 12);
    }
  }
}

/** Whether the NUL-padded field holds exactly this name. */
function isName(bytes: Uint8Array, at: number, name: string): boolean {
  if (name.length > PFLOG.nameSize) return false;
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
  return name.length === PFLOG.nameSize || bytes[at + name.length] === 0;
}

function isGuarded(guard: NonNullable<Policy['guard']>, bytes: Uint8Array, at: number): boolean {
  const ruleset = fieldText(bytes, at + PFLOG.ruleset, PFLOG.nameSize);
  const subrulenr = subruleNumber(be32(bytes, at + PFLOG.subrulenr));
  return guard.isGuarded(ruleset, be32(bytes, at + PFLOG.rulenr), subrulenr);
}
