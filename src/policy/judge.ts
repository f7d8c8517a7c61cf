// Whether a decoded record is a sighting: the readable form of the rules, which the screen in this room must agree with.

import { parseAddress } from '../address/address.js';
import type { Direction, LogRule } from '../whitelist/batch.js';
import { HOOK, type NflogHeader } from '../wire/nflog.js';
import { NO_RULE, PF, type PflogHeader, subruleNumber } from '../wire/pflog.js';
import type { LogRecord, Packet } from '../wire/record.js';
import { isOpening } from '../wire/tcp.js';
import type { Policy } from './policy.js';
import type { IgnoreReason, Reason } from './reason.js';

/** A record that counts. */
export interface Counted {
  /** The correspondent, in canonical text. */
  readonly address: string;
  readonly direction: Direction;
  readonly rule: LogRule;
}

/** What the policy says of a record. */
export type Verdict = { readonly sighting: Counted } | { readonly ignored: Reason };

/** Whether a record is a sighting under a policy, and if not, the first reason that says so. */
export function judge(record: LogRecord, policy: Policy): Verdict {
  const { packet, refusal, pflog, nflog } = record;
  if (packet?.protocol === undefined || packet.dst === undefined || packet.src === undefined) {
    return { ignored: refusal!.refused };
  }
  const reason =
    judgePacket(packet, pflog, policy) ??
    (pflog && judgeAction(pflog)) ??
    judgeDirection(pflog, nflog, policy) ??
    (pflog && judgeRule(pflog, policy));
  if (reason !== undefined) return { ignored: reason };
  const direction = directionOf(pflog, nflog, policy)!;
  const source = parseAddress(packet.src)!;
  if (direction === 'out' && policy.mailServers && !policy.mailServers.has(...source)) {
    return { ignored: 'not-mail-server' };
  }
  const address = direction === 'in' ? packet.src : packet.dst;
  if (policy.ignore.has(...parseAddress(address)!)) return { ignored: 'ignored-network' };
  const rule = pflog ? pflogRule(pflog) : nflogRule(nflog!, direction, policy);
  return { sighting: { address, direction, rule } };
}

function judgePacket(packet: Packet, pflog: PflogHeader | undefined, policy: Policy): Reason | undefined {
  if (packet.protocol !== 6) return 'not-tcp';
  if (packet.isLaterFragment) return 'fragment';
  if (packet.tcp === undefined) return 'cut-short';
  const isMail = policy.ports.includes(packet.tcp.dport);
  if (pflog?.rewritten) {
    // Packet and header hold the ports before and after translation, which is which differs by system.
    const isOtherMail = policy.ports.includes(pflog.dport!);
    if (isMail !== isOtherMail) return 'redirected';
  }
  if (!isMail) return 'other-port';
  return isOpening(packet.tcp.flags) ? undefined : 'not-opening';
}

function judgeAction(pflog: PflogHeader): IgnoreReason | undefined {
  if (pflog.action === PF.drop) return 'blocked';
  if (pflog.action !== PF.pass) return 'other-action';
  return pflog.reason === PF.match ? undefined : 'not-match';
}

function judgeDirection(
  pflog: PflogHeader | undefined,
  nflog: NflogHeader | undefined,
  policy: Policy,
): IgnoreReason | undefined {
  const direction = directionOf(pflog, nflog, policy);
  if (direction === undefined) return nflog?.hook === HOOK.forward ? 'transit' : 'no-direction';
  if (direction === 'out' && policy.inboundOnly) return 'outbound';
  if (policy.interface === undefined) return undefined;
  const isOurs = pflog
    ? pflog.ifname === policy.interface.name
    : interfaceIndex(nflog!, direction) === policy.interface.index && policy.interface.index !== undefined;
  return isOurs ? undefined : 'other-interface';
}

function directionOf(
  pflog: PflogHeader | undefined,
  nflog: NflogHeader | undefined,
  policy: Policy,
): Direction | undefined {
  if (pflog) return pflog.dir === PF.in ? 'in' : pflog.dir === PF.out ? 'out' : undefined;
  const { hook, indev, outdev } = nflog!;
  switch (hook) {
    case HOOK.preRouting:
    case HOOK.localIn:
      return 'in';
    case HOOK.localOut:
    case HOOK.postRouting:
      return 'out';
    case HOOK.forward: {
      const outside = policy.interface?.index;
      if (outside === undefined) return undefined;
      return indev === outside ? 'in' : outdev === outside ? 'out' : undefined;
    }
    case undefined:
      if (indev !== undefined && outdev === undefined) return 'in';
      return outdev !== undefined && indev === undefined ? 'out' : undefined;
    default:
      return undefined;
  }
}

function interfaceIndex(nflog: NflogHeader, direction: Direction): number | undefined {
  return direction === 'in' ? nflog.indev : nflog.outdev;
}

function judgeRule(pflog: PflogHeader, policy: Policy): IgnoreReason | undefined {
  const isGuarded = policy.guard?.isGuarded(pflog.ruleset!, pflog.rulenr!, subruleNumber(pflog.subrulenr!));
  return isGuarded ? 'guarded-rule' : undefined;
}

/** The rule that a pflog header names. */
export function pflogRule(pflog: PflogHeader): LogRule {
  return {
    interface: pflog.ifname!,
    ruleset: pflog.ruleset!,
    rulenr: pflog.rulenr === NO_RULE ? null : pflog.rulenr!,
    subrulenr: subruleNumber(pflog.subrulenr!) ?? null,
  };
}

/** The rule that an NFLOG record names: its prefix; the interface is the index, for whoever can name it. */
export function nflogRule(nflog: NflogHeader, direction: Direction, policy: Policy): LogRule {
  const index = interfaceIndex(nflog, direction);
  return {
    interface: index === undefined ? '' : (policy.nameInterface?.(index) ?? `#${index}`),
    ruleset: nflog.prefix ?? '',
    rulenr: null,
    subrulenr: null,
  };
}
