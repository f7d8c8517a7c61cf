// What the filter rules make of a packet, as pf's pf_match_rule() and pf_test_rule() go through them.

import { type LoadedRule, mainRuleset } from '../loaded.js';
import type { Dialect } from '../source.js';
import { calledRulesets } from './anchors.js';
import type { Answer } from './answer.js';
import { type Budget, OVER_BUDGET, stepBudget } from './budget.js';
import { matchRule } from './match.js';
import type { Knowledge } from './match-host.js';
import type { Outcome } from './outcome.js';
import type { Packet } from './packet.js';
import { type PflogRecord, pflogRecord } from './record.js';
import { mergeStates, type State } from './state.js';
import { redirection, type Target } from './translate.js';
import { sourceTranslated } from './translate-source.js';

/** pf's limit on anchors in one another; a ruleset that calls itself ends there. */
const DEPTH_LIMIT = 64;

/** Evaluates one packet. */
export class Filter {
  readonly #knowledge: Knowledge;
  readonly #dialect: Dialect;
  readonly #original: Packet;
  readonly #budget: Budget;

  constructor(knowledge: Knowledge, dialect: Dialect, packet: Packet) {
    this.#knowledge = knowledge;
    this.#dialect = dialect;
    this.#original = packet;
    this.#budget = stepBudget(knowledge.rules);
  }

  /** Everything that may become of the packet. */
  evaluate(): { outcome: Outcome; doubts: readonly string[] }[] {
    const start: State = {
      decision: null,
      packet: this.#original,
      target: null,
      forcedLogs: [],
      records: [],
      doubts: [],
      isDone: false,
      isLost: false,
    };
    const { filter } = mainRuleset(this.#knowledge.rules);
    return this.#rules(filter, [start], null, 0).map(state => this.#finish(state));
  }

  #rules(rules: readonly LoadedRule[], states: State[], call: LoadedRule | null, depth: number): State[] {
    let current = states;
    for (const rule of rules) {
      if (current.every(state => state.isDone)) break;
      this.#budget.left -= current.length;
      if (this.#budget.left < 0) return [lost(current)];
      current = mergeStates(current.flatMap(state => this.#step(rule, state, call, depth)));
    }
    return current;
  }

  /** The state after a rule: two or three of them where it is in doubt whether it matches. */
  #step(rule: LoadedRule, state: State, call: LoadedRule | null, depth: number): State[] {
    if (state.isDone) return [state];
    const answer: Answer = matchRule(rule, state.packet, this.#knowledge);
    if (answer === false) return [state];
    if (answer === true) return this.#apply(rule, state, call, depth);
    const doubted = { ...state, doubts: [...state.doubts, `${where(rule)}: if ${answer.doubt}`] };
    const applied = this.#apply(rule, doubted, call, depth);
    if (rule.action !== 'unknown') return [doubted, ...applied];
    return [doubted, ...applied, ...applied.map(one => ({ ...one, isDone: true }))];
  }

  #apply(rule: LoadedRule, state: State, call: LoadedRule | null, depth: number): State[] {
    const tag = rule.options.find(option => option.kind === 'tag');
    const tagged = tag ? { ...state, packet: { ...state.packet, tag: tag.name } } : state;
    if (rule.action === 'anchor') return this.#enter(rule, tagged, call, depth);
    const isDone = rule.quick;
    if (rule.action !== 'match') {
      const decided = { ...tagged, decision: { rule, call }, isDone };
      return [this.#withForcedRecords(decided, rule, call)];
    }
    const translated = this.#translate(rule, tagged);
    const logged = rule.log
      ? this.#withRecord(translated, rule, call, rule.log.interface, false)
      : translated;
    const forcedLogs = rule.log?.matches ? [...logged.forcedLogs, rule.log.interface] : logged.forcedLogs;
    // A translation that is not understood leaves nothing to say about what the rules behind it see.
    const isLost = state.isLost || rule.unknown !== null;
    return [this.#withForcedRecords({ ...logged, forcedLogs, isDone, isLost }, rule, call)];
  }

  /** The rules of an anchor; if it is quick and one of them decides, that is the end. */
  #enter(rule: LoadedRule, state: State, call: LoadedRule | null, depth: number): State[] {
    if (depth >= DEPTH_LIMIT) return [state];
    // FreeBSD's records name the rule of the main ruleset, OpenBSD's that of the ruleset above.
    const inner = this.#dialect === 'freebsd' ? (call ?? rule) : rule;
    let states = [state];
    for (const { filter } of calledRulesets(rule, this.#knowledge.rules)) {
      states = this.#rules(filter, states, inner, depth + 1);
    }
    if (!rule.quick) return states;
    return states.map(one => (one.decision === state.decision ? one : { ...one, isDone: true }));
  }

  /** Applies the translation of a rule to what the rules after it see. */
  #translate(rule: LoadedRule, state: State): State {
    const { environment } = this.#knowledge;
    const target = redirection(rule, state.packet, this.#knowledge);
    const packet = sourceTranslated(rule, state.packet, environment);
    return target ? { ...state, target, packet: sentTo(target, packet) } : { ...state, packet };
  }

  #withForcedRecords(state: State, rule: LoadedRule, call: LoadedRule | null): State {
    if (rule.log?.matches) return state;
    return state.forcedLogs.reduce(
      (before, logInterface) => this.#withRecord(before, rule, call, logInterface, true),
      state,
    );
  }

  #withRecord(
    state: State,
    rule: LoadedRule,
    call: LoadedRule | null,
    logInterface: number,
    isForced: boolean,
  ): State {
    const record = pflogRecord({
      rule,
      call,
      logInterface,
      isForced,
      original: this.#original,
      translated: state.packet,
      showsBoth: this.#dialect === 'openbsd',
    });
    return record && !state.records.some(one => isSame(one, record))
      ? { ...state, records: [...state.records, record] }
      : state;
  }

  /** The last rule that matched has its say: its translation is applied, then it is logged. */
  #finish(state: State): { outcome: Outcome; doubts: readonly string[] } {
    const { decision, doubts } = state;
    const rule = decision?.rule ?? null;
    const call = decision?.call ?? null;
    const isUnknown = state.isLost || rule?.action === 'unknown' || (rule !== null && rule.unknown !== null);
    const action = isUnknown ? 'unknown' : rule?.action === 'block' ? 'block' : 'pass';
    let final = rule && action === 'pass' ? this.#translate(rule, state) : state;
    if (rule?.log) final = this.#withRecord(final, rule, call, rule.log.interface, false);
    if (rule) final = this.#withForcedRecords(final, rule, call);
    const { target, packet, records } = final;
    return {
      outcome: { action, rule, call, target: action === 'block' ? null : target, packet, records },
      doubts,
    };
  }
}

function lost([first, ...others]: readonly State[]): State {
  const doubts = [first!, ...others].flatMap(state => state.doubts);
  return { ...first!, doubts: [...new Set([...doubts, OVER_BUDGET])], isDone: true, isLost: true };
}

function isSame(a: PflogRecord, b: PflogRecord): boolean {
  return a.rule === b.rule && a.logInterface === b.logInterface && a.ports.join() === b.ports.join();
}

/** The packet as it goes on after a redirection; a diverted one stays as it is. */
export function sentTo(target: Target, packet: Packet): Packet {
  if (target.how === 'divert-to') return packet;
  return { ...packet, destination: target.endpoint, destinationPort: target.port };
}

/** Where a rule stands, for a reader. */
export function where(rule: LoadedRule): string {
  const { file, line } = rule.position;
  return `${file}:${line}`;
}
