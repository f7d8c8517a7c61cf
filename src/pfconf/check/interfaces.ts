// Which interface leads outside and which inside, as far as a ruleset tells.

import type { InterfaceInfo } from '../environment.js';
import type { LoadedRule, LoadedRules } from '../loaded.js';
import { DEFAULT_SERVICES } from '../services.js';
import type { CheckOptions } from './options.js';
import { allRules, namesSmtp } from './usage.js';

/** Interfaces that carry no mail of their own. */
const PSEUDO = /^(?:lo|enc|pflog|pfsync|pflow|any|all)\d*$/;

/** The two interfaces, and whether that is a guess from the rules. */
export interface GuessedInterfaces {
  readonly outside: string;
  readonly inside: string | null;
  readonly isGuessed: boolean;
}

/**
 * As the options say; on the running machine, by the group egress; otherwise the interface that rules about inbound
 * SMTP name, and another one for inside.
 */
export function guessInterfaces(rules: LoadedRules, options: CheckOptions): GuessedInterfaces {
  const known = options.interfaces?.filter(one => !one.isLoopback && !PSEUDO.test(one.name));
  const names = [...new Set([...rank(allRules(rules), options).keys()])];
  const outside = options.outsideInterface ?? (known && egressOf(known)) ?? firstOutside(names) ?? 'egress';
  const others = known
    ? known.filter(one => (one.addresses ?? []).length > 0).map(one => one.name)
    : names.filter(name => name !== 'egress');
  const inside = options.insideInterface ?? others.find(name => name !== outside) ?? null;
  const isGuessed = known === undefined && options.outsideInterface === undefined;
  return { outside, inside, isGuessed };
}

function egressOf(interfaces: readonly InterfaceInfo[]): string | undefined {
  return interfaces.find(one => one.groups.includes('egress'))?.name;
}

/** An interface by its own name rather than the group, where rules use both. */
function firstOutside(names: readonly string[]): string | undefined {
  return names[0] === 'egress' ? names[0] : names.find(name => name !== 'egress');
}

/** Interfaces by how much rules about SMTP have to do with them, most first. */
function rank(rules: readonly LoadedRule[], options: CheckOptions): Map<string, number> {
  const services = options.services ?? DEFAULT_SERVICES;
  const scores = new Map<string, number>();
  for (const rule of rules) {
    const name = rule.interface?.name ?? '';
    if (name === '' || PSEUDO.test(name)) continue;
    if (rule.interface?.negated) {
      // Not on this one: it exists, and is rather not the one outside.
      scores.set(name, scores.get(name) ?? 0);
      continue;
    }
    const isSmtp = namesSmtp(rule, options.policy.ports, services);
    const isInbound = rule.direction === 'in' || rule.action === 'rdr';
    const score = (isSmtp && isInbound ? 100 : 0) + (isSmtp ? 10 : 0) + (rule.action === 'nat' ? 10 : 0) + 1;
    scores.set(name, (scores.get(name) ?? 0) + score);
  }
  return new Map([...scores].sort(([, a], [, b]) => b - a));
}
