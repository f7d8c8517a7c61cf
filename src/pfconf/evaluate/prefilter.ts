// FreeBSD's translation rules, which come before the filter: the first that matches decides.

import type { Pool } from '../ast.js';
import { type LoadedRule, mainRuleset, type Ruleset } from '../loaded.js';
import { calledRulesets } from './anchors.js';
import { type Budget, OVER_BUDGET, stepBudget } from './budget.js';
import { sentTo, where } from './filter.js';
import { matchRule } from './match.js';
import type { Knowledge } from './match-host.js';
import type { Packet } from './packet.js';
import { type PflogRecord, pflogRecord } from './record.js';
import { poolTarget, type Target } from './translate.js';
import { sentFrom } from './translate-source.js';

type Kind = 'rdr' | 'binat' | 'nat';

/** How deep anchors may call each other before pf gives up. */
const DEPTH_LIMIT = 64;

/** What translation made of a packet before the filter sees it. */
export interface Translated {
  readonly packet: Packet;
  readonly target: Target | null;
  /** The rule that translated; null for none, or for one with `no`. */
  readonly rule: LoadedRule | null;
  readonly call: LoadedRule | null;
  /** Whether the filter is not asked (`rdr pass`). */
  readonly passes: boolean;
  readonly records: readonly PflogRecord[];
  readonly isUnknown: boolean;
  readonly doubts: readonly string[];
}

/** Everything that translation may make of the packet: the filter sees nothing of what it was before. */
export function translatePacket(packet: Packet, knowledge: Knowledge): Translated[] {
  const budget = stepBudget(knowledge.rules);
  const kinds = packet.direction === 'in' ? (['rdr', 'binat'] as const) : (['binat', 'nat'] as const);
  let open: Translated[] = [untouched(packet)];
  const done: Translated[] = [];
  for (const kind of kinds) {
    const found = open.flatMap(one => [
      ...firstMatch(kind, mainRuleset(knowledge.rules), one, knowledge, budget, null, 0),
    ]);
    // `no rdr` exempts from rdr rules alone: binat rules are still asked.
    const isOpen = (one: Found): boolean =>
      !one.isDecided || (one.translated.rule === null && !one.translated.isUnknown);
    done.push(...found.filter(one => !isOpen(one)).map(one => one.translated));
    open = found.filter(isOpen).map(one => one.translated);
  }
  return [...done, ...open];
}

function untouched(packet: Packet): Translated {
  const none = {
    target: null,
    rule: null,
    call: null,
    passes: false,
    records: [],
    isUnknown: false,
    doubts: [],
  };
  return { packet, ...none };
}

interface Found {
  readonly translated: Translated;
  readonly isDecided: boolean;
}

/** The first rule of one kind that matches, also inside of anchors; both ways on where that is in doubt. */
function firstMatch(
  kind: Kind,
  ruleset: Ruleset,
  start: Translated,
  knowledge: Knowledge,
  budget: Budget,
  call: LoadedRule | null,
  depth: number,
): Found[] {
  let found: Found[] = [{ translated: start, isDecided: false }];
  for (const rule of ruleset[kind]) {
    found = found.flatMap(one =>
      one.isDecided ? [one] : tryRule(kind, rule, one.translated, knowledge, budget, call, depth),
    );
  }
  return found;
}

function tryRule(
  kind: Kind,
  rule: LoadedRule,
  before: Translated,
  knowledge: Knowledge,
  budget: Budget,
  call: LoadedRule | null,
  depth: number,
): Found[] {
  if (--budget.left < 0) {
    const doubts = [...new Set([...before.doubts, OVER_BUDGET])];
    return [{ translated: { ...before, rule, call, isUnknown: true, doubts }, isDecided: true }];
  }
  const isReversed = kind === 'binat' && before.packet.direction === 'in' && !rule.call;
  const answer = matchRule(isReversed ? reversed(rule) : rule, before.packet, knowledge);
  if (answer === false) return [{ translated: before, isDecided: false }];
  const passedBy: Found[] = [];
  let matched = before;
  if (answer !== true) {
    matched = { ...before, doubts: [...before.doubts, `${where(rule)}: if ${answer.doubt}`] };
    passedBy.push({ translated: matched, isDecided: false });
  }
  if (!rule.call)
    return [...passedBy, { translated: applyRule(rule, call, matched, knowledge), isDecided: true }];
  const inside =
    depth < DEPTH_LIMIT ? enter(kind, rule, matched, knowledge, budget, call ?? rule, depth) : [];
  const decided = inside.filter(one => one.isDecided);
  // An anchor that decides nothing leaves the packet as it was, like one that is not entered.
  if (passedBy.length > 0) return [...passedBy, ...decided];
  return inside.length > 0 ? inside : [{ translated: matched, isDecided: false }];
}

function enter(
  kind: Kind,
  rule: LoadedRule,
  before: Translated,
  knowledge: Knowledge,
  budget: Budget,
  call: LoadedRule,
  depth: number,
): Found[] {
  let found: Found[] = [{ translated: before, isDecided: false }];
  for (const ruleset of calledRulesets(rule, knowledge.rules)) {
    found = found.flatMap(one =>
      one.isDecided ? [one] : firstMatch(kind, ruleset, one.translated, knowledge, budget, call, depth + 1),
    );
  }
  return found;
}

/** Inbound, binat translates what is sent to its address outside (pf_match_translation()). */
function reversed(rule: LoadedRule): LoadedRule {
  const [outside = null] = rule.translation?.pool?.hosts ?? [];
  return {
    ...rule,
    source: rule.destination,
    sourcePort: rule.destinationPort,
    // `no binat` has no address outside: it is compared as it stands.
    destination: outside ?? rule.source,
    destinationPort: rule.sourcePort,
  };
}

function applyRule(
  rule: LoadedRule,
  call: LoadedRule | null,
  before: Translated,
  knowledge: Knowledge,
): Translated {
  const { translation, unknown, action } = rule;
  if (unknown || action === 'unknown') return { ...before, rule, call, isUnknown: true };
  const tag = rule.options.find(option => option.kind === 'tag');
  const packet = tag ? { ...before.packet, tag: tag.name } : before.packet;
  if (!translation || translation.no) return { ...before, packet };
  const pool = poolFor(rule, packet);
  const isInbound = packet.direction === 'in';
  const target = isInbound && pool ? poolTarget('rdr', pool, rule, packet, knowledge) : null;
  const source = isInbound || !pool ? packet : sentFrom(pool, packet, knowledge.environment);
  const after = target ? sentTo(target, packet) : source;
  const record =
    rule.log &&
    pflogRecord({
      rule,
      call,
      logInterface: rule.log.interface,
      isForced: false,
      original: after,
      translated: after,
      showsBoth: false,
    });
  return {
    ...before,
    packet: after,
    target,
    rule,
    call,
    passes: translation.pass,
    records: record ? [record] : [],
  };
}

/** Where the rule's translation leads: inbound, that of a binat leads to the host inside. */
function poolFor({ action, translation, source }: LoadedRule, packet: Packet): Pool | null {
  const pool = translation?.pool ?? null;
  if (packet.direction === 'out') return pool;
  if (action === 'binat') return source && { hosts: [source], port: null, options: [] };
  return action === 'rdr' ? pool : null;
}
