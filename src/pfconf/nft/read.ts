// The text that `nft -j list ruleset` prints to chains with their rules.

import type { Diagnostic } from '../source.js';
import {
  elements,
  type Hook,
  type Json,
  member,
  type NftChain,
  type NftFamily,
  type NftRule,
  type NftRuleset,
  type NftSet,
  nftKey,
} from './model.js';

const FAMILIES: ReadonlySet<string> = new Set(['ip', 'ip6', 'inet']);
const HOOKS: ReadonlySet<string> = new Set(['prerouting', 'input', 'forward', 'output', 'postrouting']);

/** Reads a listing. Never throws: what is no listing is in the diagnostics. */
export function readNftables(text: string, file: string): NftRuleset {
  const diagnostics: Diagnostic[] = [];
  const chains = new Map<string, NftChain & { rules: NftRule[] }>();
  const sets = new Map<string, NftSet>();
  const report = (message: string): void => {
    diagnostics.push({ file, line: 1, column: 1, message });
  };
  const objects = parseObjects(text, report);
  for (const object of objects) {
    const chain = readChain(member(object, 'chain'));
    if (chain) chains.set(nftKey(chain.family, chain.table, chain.name), chain);
    const set = member(object, 'set') ?? member(object, 'map');
    const name = member(set, 'name');
    if (typeof name === 'string')
      sets.set(keyOf(set, name), {
        name,
        table: `${textOf(member(set, 'family'))} ${textOf(member(set, 'table'))}`,
        type: textOf(member(set, 'type')),
        elements: elements(member(set, 'elem')),
      });
  }
  let id = 0;
  for (const object of objects) {
    const rule = readRule(member(object, 'rule'), id);
    if (!rule) continue;
    id++;
    const chain = chains.get(nftKey(rule.family, rule.table, rule.chain));
    if (chain) chain.rules.push(rule);
    else report(`rule ${rule.handle} is in chain "${rule.chain}", which is not listed`);
  }
  return { chains, sets, diagnostics };
}

function parseObjects(text: string, report: (message: string) => void): readonly Json[] {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch (error) {
    report(`this is no JSON: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  const list = member(parsed, 'nftables');
  if (!Array.isArray(list)) report('this is not what "nft -j list ruleset" prints: it has no "nftables"');
  return elements(list);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function keyOf(value: Json | undefined, name: string): string {
  return nftKey(textOf(member(value, 'family')), textOf(member(value, 'table')), name);
}

function readChain(value: Json | undefined): (NftChain & { rules: NftRule[] }) | undefined {
  const family = textOf(member(value, 'family'));
  const name = member(value, 'name');
  if (!FAMILIES.has(family) || typeof name !== 'string') return undefined;
  const hook = textOf(member(value, 'hook'));
  const priority = member(value, 'prio');
  const isBase = HOOKS.has(hook);
  return {
    family: family as NftFamily,
    table: textOf(member(value, 'table')),
    name,
    base: isBase
      ? {
          type: textOf(member(value, 'type')),
          hook: hook as Hook,
          priority: typeof priority === 'number' ? priority : 0,
        }
      : null,
    policy: member(value, 'policy') === 'drop' ? 'drop' : 'accept',
    rules: [],
  };
}

function readRule(value: Json | undefined, id: number): NftRule | undefined {
  const family = textOf(member(value, 'family'));
  if (!FAMILIES.has(family)) return undefined;
  const handle = member(value, 'handle');
  const comment = member(value, 'comment');
  return {
    family: family as NftFamily,
    table: textOf(member(value, 'table')),
    chain: textOf(member(value, 'chain')),
    handle: typeof handle === 'number' ? handle : 0,
    comment: typeof comment === 'string' ? comment : null,
    statements: elements(member(value, 'expr')),
    id,
  };
}
