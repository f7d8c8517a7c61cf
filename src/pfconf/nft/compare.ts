// Whether a value is what the right side of a match, a set or a map says.

import { type AddressWords, parseAddress } from '../../address/address.js';
import { parsePrefix, prefixContains } from '../../address/prefix.js';
import { type Answer, every, negate } from '../evaluate/answer.js';
import { resolvePort } from '../services.js';
import type { Value } from './fields.js';
import { elements, type Json, member, type NftRule, type NftRuleset, nftKey, tagged } from './model.js';

/** What is needed to look into sets. */
export interface Lookup {
  readonly ruleset: NftRuleset;
  readonly services: ReadonlyMap<string, number>;
  /** Addresses of this machine, besides those of its loopback. */
  readonly own: readonly AddressWords[];
}

/** Whether `left op right` holds for a rule's packet. */
export function compare(
  op: Json | undefined,
  left: Value,
  right: Json | undefined,
  rule: NftRule,
  lookup: Lookup,
): Answer {
  if (left.kind === 'absent') return false;
  switch (op) {
    case '==':
    case 'in':
      return isValue(left, right, rule, lookup, op === 'in');
    case '!=':
      return negate(isValue(left, right, rule, lookup, false));
    case '<':
    case '>':
    case '<=':
    case '>=':
      return compareNumbers(op, left, right, lookup);
    default:
      return { doubt: `${op} holds` };
  }
}

function compareNumbers(
  op: '<' | '>' | '<=' | '>=',
  left: Value,
  right: Json | undefined,
  lookup: Lookup,
): Answer {
  const number = numberOf(right, lookup);
  if (left.kind === 'doubt') return left;
  if (left.kind !== 'number' || number === undefined) return { doubt: `${op} holds` };
  if (op === '<') return left.number < number;
  if (op === '>') return left.number > number;
  return op === '<=' ? left.number <= number : left.number >= number;
}

/** Whether the value is the one given, in the range, the prefix or the set. `hasAny` is for flags: one is enough. */
export function isValue(
  left: Value,
  right: Json | undefined,
  rule: NftRule,
  lookup: Lookup,
  hasAny: boolean,
): Answer {
  if (left.kind === 'absent') return false;
  if (left.kind === 'doubt') return left;
  if (typeof right === 'string' && right.startsWith('@')) return isInSet(left, right.slice(1), rule, lookup);
  if (Array.isArray(right)) return matchesNames(left, right, hasAny);
  const one = tagged(right);
  switch (one?.name) {
    case 'set':
      return any(elements(one.content).map(element => isValue(left, element, rule, lookup, hasAny)));
    case 'elem':
      return isValue(left, member(one.content, 'val'), rule, lookup, hasAny);
    case 'range':
      return isInRange(left, elements(one.content), lookup);
    case 'prefix':
      return isInPrefix(left, `${member(one.content, 'addr')}/${member(one.content, 'len')}`);
    case 'concat':
      return isConcat(left, elements(one.content), rule, lookup);
    case undefined:
      return isScalar(left, right, lookup);
    default:
      return { doubt: `it is ${one?.name}` };
  }
}

function any(answers: readonly Answer[]): Answer {
  return negate(every(answers.map(negate)));
}

function isInSet(left: Value, name: string, rule: NftRule, lookup: Lookup): Answer {
  if (left.kind === 'address' && left.endpoint.tables.has(name)) return true;
  const set = lookup.ruleset.sets.get(nftKey(rule.family, rule.table, name));
  if (!set) return { doubt: `it is in the set @${name}, which is not listed` };
  return any(set.elements.map(element => isValue(left, element, rule, lookup, false)));
}

/** Flags and the like: all of them, or one that is enough. */
function matchesNames(left: Value, right: readonly Json[], hasAny: boolean): Answer {
  if (left.kind !== 'names') return { doubt: 'it is one of a list' };
  if (hasAny) return right.some(name => left.names.includes(String(name)));
  return right.length === left.names.length && right.every(name => left.names.includes(String(name)));
}

function isInRange(left: Value, ends: readonly Json[], lookup: Lookup): Answer {
  const [first, last] = ends;
  if (left.kind === 'number') {
    const [low, high] = [numberOf(first, lookup), numberOf(last, lookup)];
    if (low === undefined || high === undefined) return { doubt: 'it is in a range of names' };
    return left.number >= low && left.number <= high;
  }
  if (left.kind !== 'address') return { doubt: 'it is in a range' };
  const [low, high] = [parseAddress(String(first)), parseAddress(String(last))];
  if (!low || !high || left.words === null) return { doubt: 'it is in a range of addresses' };
  return order(low, left.words) <= 0 && order(left.words, high) <= 0;
}

function order(a: AddressWords, b: AddressWords): number {
  const at = a.findIndex((word, i) => word !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

function isInPrefix(left: Value, text: string): Answer {
  const prefix = parsePrefix(text);
  if (left.kind !== 'address' || left.words === null || !prefix) return { doubt: `it is in ${text}` };
  return prefixContains(prefix, left.words);
}

function isConcat(left: Value, parts: readonly Json[], rule: NftRule, lookup: Lookup): Answer {
  if (left.kind !== 'concat' || left.values.length !== parts.length)
    return { doubt: 'it is a concatenation' };
  return every(left.values.map((value, i) => isValue(value, parts[i], rule, lookup, false)));
}

function isScalar(left: Value, right: Json | undefined, lookup: Lookup): Answer {
  switch (left.kind) {
    case 'names':
      return left.names.some(name => nameMatches(name, String(right)));
    case 'number': {
      const number = numberOf(right, lookup);
      return number === undefined ? { doubt: `it is ${String(right)}` } : left.number === number;
    }
    case 'address': {
      const words = parseAddress(String(right));
      if (!words || left.words === null) return { doubt: `the address is ${String(right)}` };
      return words.join() === left.words.join();
    }
    default:
      return { doubt: 'it is that value' };
  }
}

/** Interface names may end in a `*`. */
function nameMatches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function numberOf(value: Json | undefined, lookup: Lookup): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? resolvePort(value, lookup.services) : undefined;
}
