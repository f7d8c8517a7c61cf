// What pf knows while it goes through its rules with one packet.

import type { LoadedRule } from '../loaded.js';
import type { Packet } from './packet.js';
import type { PflogRecord } from './record.js';
import type { Target } from './translate.js';

/** The last pass or block rule that matched. */
export interface Decision {
  readonly rule: LoadedRule;
  readonly call: LoadedRule | null;
}

/** One of the ways that evaluation may have gone so far. */
export interface State {
  readonly decision: Decision | null;
  /** The packet with the tag, and with what match rules have translated. */
  readonly packet: Packet;
  readonly target: Target | null;
  /** pflog interfaces of match rules with `log (matches)`: every rule that matches from now on is logged there. */
  readonly forcedLogs: readonly number[];
  readonly records: readonly PflogRecord[];
  readonly doubts: readonly string[];
  /** Whether a quick rule has ended the evaluation. */
  readonly isDone: boolean;
  /** Whether so much was in doubt that nothing can be said any more. */
  readonly isLost: boolean;
}

/** With more ways to go than this, a ruleset is not understood at all. */
const STATE_LIMIT = 64;

/** States that differ in nothing that can still matter, as one. Of too many, one remains that is lost. */
export function mergeStates(states: readonly State[]): State[] {
  if (states.length < 2) return [...states];
  const merged = new Map<string, State>();
  for (const state of states) {
    const key = stateKey(state);
    const same = merged.get(key);
    merged.set(key, same ? { ...same, doubts: [...new Set([...same.doubts, ...state.doubts])] } : state);
  }
  const left = [...merged.values()];
  if (left.length <= STATE_LIMIT) return left;
  const doubts = [...new Set(left.flatMap(state => state.doubts))];
  return [{ ...left[0]!, doubts, isDone: true, isLost: true }];
}

function stateKey(state: State): string {
  const { decision, packet, target, forcedLogs, records, isDone, isLost } = state;
  return JSON.stringify([
    decision?.rule.id,
    decision?.call?.id,
    packet.tag,
    packet.source.address,
    packet.source.place,
    packet.destination.address,
    packet.destinationPort,
    target?.how,
    forcedLogs,
    records.map(record => [record.rule.id, record.logInterface, record.ports]),
    isDone,
    isLost,
  ]);
}
