// What pf does with the first packet of a connection at one interface.

import type { Dialect } from '../source.js';
import { every, negate } from './answer.js';
import { Filter } from './filter.js';
import { matchInterface } from './match.js';
import type { Knowledge } from './match-host.js';
import type { Outcome, Outcomes } from './outcome.js';
import type { Packet } from './packet.js';
import { type Translated, translatePacket } from './prefilter.js';

/**
 * Goes through the rules as pf does: the last that matches decides unless one is quick; translation comes before the
 * filter on FreeBSD and belongs to filter rules on OpenBSD. Where something is not known, every outcome that is
 * possible is given; when all of them are the same there is no doubt.
 */
export function evaluatePacket(packet: Packet, knowledge: Knowledge, dialect: Dialect): Outcomes {
  const { rules, environment } = knowledge;
  const isSkipped = negate(
    every(rules.skip.map(item => negate(matchInterface(item, packet.interface, environment)))),
  );
  if (isSkipped === true) return { outcomes: [passed(packet)], doubts: [] };
  const found = translatePacket(packet, knowledge).flatMap(one => filterTranslated(one, knowledge, dialect));
  const doubts = found.flatMap(one => one.doubts);
  if (isSkipped !== false) {
    found.push({ outcome: passed(packet), doubts: [] });
    doubts.push(`set skip: if ${isSkipped.doubt}`);
  }
  const outcomes = distinct(found.map(one => one.outcome));
  return { outcomes, doubts: outcomes.length > 1 || isUnknown(outcomes) ? [...new Set(doubts)] : [] };
}

function filterTranslated(
  translated: Translated,
  knowledge: Knowledge,
  dialect: Dialect,
): { outcome: Outcome; doubts: readonly string[] }[] {
  const { packet, target, rule, call, records, doubts } = translated;
  if (translated.isUnknown) {
    return [{ outcome: { action: 'unknown', rule, call, target: null, packet, records }, doubts }];
  }
  if (translated.passes)
    return [{ outcome: { action: 'pass', rule, call, target, packet, records }, doubts }];
  return new Filter(knowledge, dialect, packet).evaluate().map(({ outcome, doubts: more }) => ({
    outcome: {
      ...outcome,
      target: outcome.action === 'block' ? null : (outcome.target ?? target),
      records: [...records, ...outcome.records],
    },
    doubts: [...doubts, ...more],
  }));
}

function passed(packet: Packet): Outcome {
  return { action: 'pass', rule: null, call: null, target: null, packet, records: [] };
}

function isUnknown(outcomes: readonly Outcome[]): boolean {
  return outcomes.some(outcome => outcome.action === 'unknown');
}

/** Outcomes that differ in what is decided, by which rule, where the packet goes or what is logged. */
function distinct(outcomes: readonly Outcome[]): Outcome[] {
  const found = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const { action, rule, call, target, packet, records } = outcome;
    const key = JSON.stringify([
      action,
      rule?.id,
      call?.id,
      target && [target.how, target.port, target.endpoint.address],
      packet.tag,
      packet.source.address,
      records.map(record => [record.rule.id, record.logInterface, record.ports]),
    ]);
    if (!found.has(key)) found.set(key, outcome);
  }
  return [...found.values()];
}
