// One packet through the chains of one hook.

import { type AddressWords, parseAddress } from '../../address/address.js';
import { isLoopback } from '../environment.js';
import type { Answer } from '../evaluate/answer.js';
import type { Endpoint } from '../evaluate/packet.js';
import { compare, isValue, type Lookup } from './compare.js';
import { fieldOf } from './fields.js';
import {
  elements,
  type Hook,
  type Json,
  member,
  type NftChain,
  type NftRule,
  nftKey,
  tagged,
} from './model.js';
import { mergeWalks, type NftRecord, type Walk, whereNft } from './path.js';

/** What a rule or chain says about the rest of its base chain. */
type Verdict = 'continue' | 'return' | 'accept' | 'drop';
type Step = readonly [Walk, Verdict];

const DEPTH_LIMIT = 16;

/** Walks through a base chain: an `accept` ends this chain alone, a `drop` everything. */
export function walkBaseChain(chain: NftChain, start: Walk, hook: Hook, lookup: Lookup): Walk[] {
  return new Walker(hook, lookup).chain(chain, start, 0).map(([walk, verdict]) => {
    const isDropped = verdict === 'drop' || (verdict !== 'accept' && chain.policy === 'drop');
    if (!isDropped || walk.dropped) return walk;
    return { ...walk, dropped: { rule: null, chain: chain.name } };
  });
}

class Walker {
  readonly #hook: Hook;
  readonly #lookup: Lookup;

  constructor(hook: Hook, lookup: Lookup) {
    this.#hook = hook;
    this.#lookup = lookup;
  }

  chain(chain: NftChain, start: Walk, depth: number): Step[] {
    let open: Walk[] = [start];
    const done: Step[] = [];
    for (const rule of chain.rules) {
      const steps = open.flatMap(walk => this.#rule(rule, walk, depth));
      done.push(...steps.filter(([, verdict]) => verdict !== 'continue'));
      open = mergeWalks(steps.filter(([, verdict]) => verdict === 'continue').map(([walk]) => walk));
    }
    return [...done, ...open.map((walk): Step => [walk, 'continue'])];
  }

  /** The statements of a rule in turn; one that does not match ends the rule. */
  #rule(rule: NftRule, start: Walk, depth: number): Step[] {
    let open: Walk[] = [start];
    const done: Step[] = [];
    for (const statement of rule.statements) {
      const next: Walk[] = [];
      for (const walk of open) {
        const steps = this.#statement(statement, rule, walk, depth);
        for (const [after, outcome] of steps) {
          if (outcome === 'next') next.push(after);
          else done.push([after, outcome]);
        }
      }
      open = next;
    }
    return [...done, ...open.map((walk): Step => [walk, 'continue'])];
  }

  #statement(
    statement: Json,
    rule: NftRule,
    walk: Walk,
    depth: number,
  ): (readonly [Walk, Verdict | 'next'])[] {
    const one = tagged(statement);
    if (!one) return [[walk, 'next']];
    const { name, content } = one;
    if (name === 'match') return this.#match(content, rule, walk);
    if (name === 'vmap') return this.#map(content, rule, walk, depth);
    if (NEUTRAL.has(name)) return [[walk, 'next']];
    const verdict = this.#verdict(name, content, rule, walk, depth);
    if (verdict) return verdict;
    switch (name) {
      case 'log':
        return [[this.#log(content, rule, walk), 'next']];
      case 'mangle':
        return [[mangled(content, walk), 'next']];
      case 'redirect':
      case 'dnat':
        return [[this.#redirect(name, content, rule, walk), 'accept']];
      case 'tproxy':
        return [[{ ...walk, target: { how: 'tproxy', rule, port: portOf(content) } }, 'next']];
      case 'limit':
        return this.#doubtful(`the limit of the rule allows it`, rule, walk);
      default:
        return this.#doubtful(`${name} of the rule lets it go on`, rule, walk);
    }
  }

  #match(content: Json, rule: NftRule, walk: Walk): (readonly [Walk, Verdict | 'next'])[] {
    const left = fieldOf(member(content, 'left'), walk.packet);
    const answer = compare(member(content, 'op'), left, member(content, 'right'), rule, this.#lookup);
    return this.#decide(answer, rule, walk);
  }

  #decide(answer: Answer, rule: NftRule, walk: Walk): (readonly [Walk, Verdict | 'next'])[] {
    if (answer === true) return [[walk, 'next']];
    if (answer === false) return [[walk, 'continue']];
    return this.#doubtful(answer.doubt, rule, walk);
  }

  /** Both ways on: the rule goes on, or it ends. */
  #doubtful(doubt: string, rule: NftRule, walk: Walk): (readonly [Walk, Verdict | 'next'])[] {
    const doubted = { ...walk, doubts: [...walk.doubts, `${whereNft(rule)}: if ${doubt}`] };
    return [
      [doubted, 'next'],
      [doubted, 'continue'],
    ];
  }

  /** A map from values to verdicts: the first element that matches; doubt about one is doubt about the rule. */
  #map(content: Json, rule: NftRule, walk: Walk, depth: number): (readonly [Walk, Verdict | 'next'])[] {
    const key = fieldOf(member(content, 'key'), walk.packet);
    const data = member(content, 'data');
    const isNamed = typeof data === 'string' && data.startsWith('@');
    const set = isNamed
      ? this.#lookup.ruleset.sets.get(nftKey(rule.family, rule.table, data.slice(1)))
      : undefined;
    const pairs = set?.elements ?? elements(member(data, 'set'));
    for (const pair of pairs) {
      const [wanted, verdict] = elements(pair);
      const answer = wanted === '*' ? true : isValue(key, wanted, rule, this.#lookup, true);
      if (answer === false) continue;
      if (answer !== true) return [[this.#lost(answer.doubt, rule, walk), 'continue']];
      const one = tagged(verdict);
      const steps = one && this.#verdict(one.name, one.content, rule, walk, depth);
      return steps ?? [[walk, 'next']];
    }
    return [[walk, 'continue']];
  }

  #verdict(name: string, content: Json, rule: NftRule, walk: Walk, depth: number): Step[] | undefined {
    switch (name) {
      case 'accept':
        return [[{ ...walk, accepted: rule }, 'accept']];
      case 'drop':
      case 'reject':
        return [[{ ...walk, dropped: { rule, chain: rule.chain } }, 'drop']];
      case 'return':
        return [[walk, 'return']];
      case 'continue':
        return [[walk, 'continue']];
      case 'jump':
      case 'goto': {
        const target = String(member(content, 'target'));
        const chain = this.#lookup.ruleset.chains.get(nftKey(rule.family, rule.table, target));
        if (!chain || depth >= DEPTH_LIMIT)
          return [[this.#lost(`it goes to chain ${target}`, rule, walk), 'continue']];
        const end: Verdict = name === 'goto' ? 'return' : 'continue';
        return this.chain(chain, walk, depth + 1).map(
          ([after, verdict]): Step => [after, verdict === 'continue' || verdict === 'return' ? end : verdict],
        );
      }
      default:
        return undefined;
    }
  }

  #lost(doubt: string, rule: NftRule, walk: Walk): Walk {
    return { ...walk, isUnknown: true, doubts: [...walk.doubts, `${whereNft(rule)}: if ${doubt}`] };
  }

  #log(content: Json, rule: NftRule, walk: Walk): Walk {
    const group = member(content, 'group');
    const prefix = member(content, 'prefix');
    const record: NftRecord = {
      rule,
      hook: this.#hook,
      group: typeof group === 'number' ? group : null,
      prefix: typeof prefix === 'string' ? prefix : null,
      port: walk.packet.destinationPort,
    };
    return { ...walk, records: [...walk.records, record] };
  }

  #redirect(how: 'redirect' | 'dnat', content: Json, rule: NftRule, walk: Walk): Walk {
    const written = member(content, 'port');
    const port = written === undefined ? walk.packet.destinationPort : portOf(content);
    const address = parseAddress(String(member(content, 'addr'))) ?? null;
    const own: Endpoint = { ...walk.packet.destination, place: 'self' };
    const place = address && this.#isOwn(address) ? 'self' : 'inside';
    const destination: Endpoint = how === 'redirect' ? own : { address, place, tables: new Set() };
    const packet = { ...walk.packet, destination, destinationPort: port, isDnat: true };
    return { ...walk, packet, target: { how, rule, port }, accepted: rule };
  }

  /** What is sent to an address of this machine goes on to the input hook. */
  #isOwn(words: AddressWords): boolean {
    return isLoopback(words) || this.#lookup.own.some(one => one.join() === words.join());
  }
}

/** Statements that change nothing of where a packet goes. */
const NEUTRAL: ReadonlySet<string> = new Set([
  ...['counter', 'comment', 'set', 'notrack', 'snat', 'masquerade', 'dup', 'flow', 'ct helper', 'ct timeout'],
  ...['secmark', 'ct expectation', 'last'],
]);

function portOf(content: Json): number | null {
  const port = member(content, 'port');
  return typeof port === 'number' ? port : null;
}

function mangled(content: Json, walk: Walk): Walk {
  if (member(member(content, 'key'), 'meta') === undefined) return walk;
  if (member(member(member(content, 'key'), 'meta'), 'key') !== 'mark') return walk;
  const value = member(content, 'value');
  return { ...walk, packet: { ...walk.packet, mark: typeof value === 'number' ? value : null } };
}
