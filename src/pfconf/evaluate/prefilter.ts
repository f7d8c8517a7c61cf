// FreeBSD's translation rules, which come before the filter: the first that matches decides.

import { type LoadedRule, mainRuleset, type Ruleset } from '../loaded.js';
import { calledRulesets } from './anchors.js';
import { sentTo, where } from './filter.js';
import { matchRule } from './match.js';
import type { Knowledge } from './match-host.js';
import type { Packet } from './packet.js';
import { type PflogRecord, pflogRecord } from './record.js';
import { poolTarget, type Target } from './translate.js';

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

/** Everything that translation may make of the packet. Source translation does not show: it changes no one's fate. */
export function translatePacket(packet: Packet, knowledge: Knowledge): Translated[] {
  const kinds = packet.direction === 'in' ? (['rdr', 'binat'] as const) : (['binat', 'nat'] as const);
  let open: Translated[] = [untouched(packet)];
  const done: Translated[] = [];
  for (const kind of kinds) {
    const found = open.flatMap(one => [
      ...firstMatch(kind, mainRuleset(knowledge.rules), one, knowledge, null, 0),
    ]);
    done.push(...found.filter(one => one.isDecided).map(one => one.translated));
    open = found.filter(one => !one.isDecided).map(one => one.translated);
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
  kind: 'rdr' | 'binat' | 'nat',
  ruleset: Ruleset,
  start: Translated,
  knowledge: Knowledge,
  call: LoadedRule | null,
  depth: number,
): Found[] {
  const decided: Found[] = [];
  let open = [start];
  for (const rule of ruleset[kind]) {
    const next: Translated[] = [];
    for (const one of open) {
      const answer = matchRule(rule, one.packet, knowledge);
      if (answer === false) {
        next.push(one);
        continue;
      }
      const doubted =
        answer === true ? one : { ...one, doubts: [...one.doubts, `${where(rule)}: if ${answer.doubt}`] };
      if (answer !== true) next.push(doubted);
      if (!rule.call)
        decided.push({ translated: applyRule(rule, call, doubted, knowledge), isDecided: true });
      else if (depth < 64) {
        const inner = calledRulesets(rule, knowledge.rules).reduce<Found[]>(
          (found, called) =>
            found.flatMap(each =>
              each.isDecided
                ? [each]
                : firstMatch(kind, called, each.translated, knowledge, call ?? rule, depth + 1),
            ),
          [{ translated: doubted, isDecided: false }],
        );
        decided.push(...inner.filter(each => each.isDecided));
        if (answer === true) next.push(...inner.filter(each => !each.isDecided).map(each => each.translated));
      } else if (answer === true) next.push(doubted);
    }
    open = next;
  }
  return [...decided, ...open.map(translated => ({ translated, isDecided: false }))];
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
  const isInbound = packet.direction === 'in' && action === 'rdr';
  const target =
    isInbound && translation.pool ? poolTarget('rdr', translation.pool, rule, packet, knowledge) : null;
  const after = target ? sentTo(target, packet) : packet;
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
