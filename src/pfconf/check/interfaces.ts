// Which interfaces lead outside and which inside, as far as a ruleset tells.

import type { Host } from '../ast.js';
import type { InterfaceInfo } from '../environment.js';
import type { LoadedRule, LoadedRules } from '../loaded.js';
import { DEFAULT_SERVICES } from '../services.js';
import type { CheckOptions } from './options.js';
import { allRules, isPrivateIpv4, namesSmtp } from './usage.js';

/** Interfaces that carry no mail of their own, and words that are no interfaces. */
const PSEUDO = /^(?:lo|enc|pflog|pfsync|pflow|any|all|self)\d*$/;

/** The interfaces, and whether that is a guess from the rules. */
export interface GuessedInterfaces {
  readonly outside: string;
  readonly inside: string | null;
  /** Further ones at which mail from anybody may arrive. */
  readonly otherOutsides: readonly string[];
  readonly otherInsides: readonly string[];
  readonly isGuessed: boolean;
}

/**
 * As the options say; on the running machine, by the group egress; otherwise the interface that rules about inbound
 * SMTP name, and others for inside. One that rules exclude (`on ! em1`), or whose network they name, is inside.
 */
export function guessInterfaces(rules: LoadedRules, options: CheckOptions): GuessedInterfaces {
  const known = options.interfaces?.filter(one => !one.isLoopback && !PSEUDO.test(one.name));
  const seen = lookAt(allRules(rules), options);
  const names = seen.ranked;
  const open = names.filter(name => !seen.inner.has(name));
  const outside = options.outsideInterface ?? (known && egressOf(known)) ?? firstOutside(open) ?? 'egress';
  const all = known
    ? known.filter(one => (one.addresses ?? []).length > 0).map(one => one.name)
    : names.filter(name => name !== 'egress');
  const others = all.filter(name => name !== outside && name !== options.insideInterface);
  const isOutside = (name: string): boolean => seen.fromAnybody.has(name) && !seen.inner.has(name);
  const insides = [options.insideInterface, ...others.filter(name => !isOutside(name))];
  const [inside = null, ...otherInsides] = insides.filter(name => name !== undefined);
  const isGuessed = known === undefined && options.outsideInterface === undefined;
  return { outside, inside, otherOutsides: others.filter(isOutside), otherInsides, isGuessed };
}

function egressOf(interfaces: readonly InterfaceInfo[]): string | undefined {
  return interfaces.find(one => one.groups.includes('egress'))?.name;
}

/** An interface by its own name rather than the group, where rules use both. */
function firstOutside(names: readonly string[]): string | undefined {
  return names[0] === 'egress' ? names[0] : names.find(name => name !== 'egress');
}

/** What the rules tell of interfaces. */
interface Seen {
  /** By how much rules about SMTP have to do with them, most first. */
  readonly ranked: readonly string[];
  /** Those that rules exclude, or of whose network they speak. */
  readonly inner: ReadonlySet<string>;
  /** Those at which a rule about inbound SMTP is not for certain senders alone. */
  readonly fromAnybody: ReadonlySet<string>;
}

function lookAt(rules: readonly LoadedRule[], options: CheckOptions): Seen {
  const services = options.services ?? DEFAULT_SERVICES;
  const scores = new Map<string, number>();
  const inner = new Set<string>();
  const fromAnybody = new Set<string>();
  const add = (name: string, score: number): void => {
    if (name !== '' && !PSEUDO.test(name)) scores.set(name, (scores.get(name) ?? 0) + score);
  };
  for (const rule of rules) {
    const name = rule.interface?.name ?? '';
    const isSmtp = namesSmtp(rule, options.policy.ports, services);
    const isInbound = rule.direction === 'in' || rule.action === 'rdr';
    // `antispoof` blocks what seems to come from a network and does not: also from the one outside.
    const isBlock = rule.action === 'block';
    if (rule.interface?.negated) {
      add(name, 0);
      if (!isBlock) inner.add(name);
    } else {
      add(name, (isSmtp && isInbound ? 100 : 0) + (isSmtp ? 10 : 0) + (rule.action === 'nat' ? 10 : 0) + 1);
      if (isSmtp && isInbound && mayBeAnybody(rule.source)) fromAnybody.add(name);
    }
    for (const host of [rule.source, rule.destination]) {
      if (!isInterface(host)) continue;
      const isNetwork = host.modifiers.includes('network');
      add(host.name, isNetwork || host.negated || !isSmtp ? 0 : 1);
      if (isNetwork && !isBlock && !host.negated && host === rule.source) inner.add(host.name);
    }
  }
  const ranked = [...scores].sort(([, a], [, b]) => b - a).map(([name]) => name);
  return { ranked, inner, fromAnybody };
}

function mayBeAnybody(source: Host | null): boolean {
  if (source === null || source.negated) return true;
  if (source.kind === 'prefix') return !isPrivateIpv4(source.prefix);
  return source.kind === 'table';
}

/** `em0`, `em0:network` or `(em0)`, by the looks of it. */
function isInterface(host: Host | null): host is Extract<Host, { kind: 'name' | 'dynamic' }> {
  if (host?.kind === 'dynamic') return true;
  return host?.kind === 'name' && (host.name === 'egress' || /^[a-z][a-z_]*\d+(?:\.\d+)?$/.test(host.name));
}
