// The log rules met so far, each with a number, found again without building text.

import type { LogRule } from '../whitelist/batch.js';
import { be32, fieldText } from '../wire/bytes.js';
import { NO_RULE, PFLOG, subruleNumber } from '../wire/pflog.js';

/** A pflog header names its rule by the bytes from the interface's name to the rule's number in the anchor. */
const KEY_AT: number = PFLOG.ifname;
const KEY_WORDS: number = (PFLOG.subrulenr + 4 - PFLOG.ifname) / 4;

/** A log with more rules than this is made up; those beyond are not told apart. */
const MAXIMUM_RULES = 65_536;

const NAMELESS: LogRule = { interface: '', ruleset: '', rulenr: null, subrulenr: null };

/** Numbers rules in the order in which they are met. */
export class RuleTable {
  #rules: LogRule[] = [];
  #numbers = new Map<string, number>();
  /** Per direction: the words of the pflog rule met last, since the next record mostly has the same one. */
  readonly #recentWords = [new Int32Array(KEY_WORDS), new Int32Array(KEY_WORDS), new Int32Array(KEY_WORDS)];
  readonly #recentNumber = new Int32Array(3).fill(-1);

  /** The rules by their numbers. */
  get rules(): readonly LogRule[] {
    return this.#rules;
  }

  /** Number of the rule that the pflog header at `at` names; `direction` 1 or 2. */
  pflogRule(bytes: Uint8Array, view: DataView, at: number, direction: number): number {
    const recent = this.#recentWords[direction]!;
    const from = at + KEY_AT;
    if (this.#recentNumber[direction]! >= 0 && isSame(recent, view, from)) {
      return this.#recentNumber[direction]!;
    }
    for (let i = 0; i < KEY_WORDS; i++) recent[i] = view.getInt32(from + 4 * i, true);
    const number = this.intern(readPflogRule(bytes, at));
    this.#recentNumber[direction] = number;
    return number;
  }

  /** Number of a rule. */
  intern(rule: LogRule): number {
    const key = `${rule.interface}\0${rule.ruleset}\0${rule.rulenr}\0${rule.subrulenr}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const isFull = this.#rules.length >= MAXIMUM_RULES;
    if (isFull) return this.#numbers.get('') ?? this.#insert('', NAMELESS);
    return this.#insert(key, rule);
  }

  #insert(key: string, rule: LogRule): number {
    this.#numbers.set(key, this.#rules.length);
    return this.#rules.push(rule) - 1;
  }

  /** Gives the rules away and begins anew. */
  take(): readonly LogRule[] {
    const rules = this.#rules;
    this.#rules = [];
    this.#numbers = new Map();
    this.#recentNumber.fill(-1);
    return rules;
  }
}

function isSame(words: Int32Array, view: DataView, at: number): boolean {
  // From the end, where rules differ most.
  for (let i = KEY_WORDS - 1; i >= 0; i--) {
    if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
  }
  return true;
}

function readPflogRule(bytes: Uint8Array, at: number): LogRule {
  const rulenr = be32(bytes, at + PFLOG.rulenr);
  return {
    interface: fieldText(bytes, at + PFLOG.ifname, PFLOG.nameSize),
    ruleset: fieldText(bytes, at + PFLOG.ruleset, PFLOG.nameSize),
    rulenr: rulenr === NO_RULE ? null : rulenr,
    subrulenr: subruleNumber(be32(bytes, at + PFLOG.subrulenr)) ?? null,
  };
}
