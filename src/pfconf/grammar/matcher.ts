// The parts that rules of every kind have in common: interface, family, protocol, addresses, options.

import type { Family, InterfaceItem, Matcher, Peer, RuleOption, UnknownPart } from '../ast.js';
import { type Position, SyntaxProblem } from '../source.js';
import { type Context, report } from './context.js';
import { parseInterfaces } from './interfaces.js';
import { parseOneOrList } from './list.js';
import { parseOption } from './options.js';
import { ANY_PEER, parseOperatingSystems, parsePeer } from './peers.js';

/** A matcher while it is being read. */
export interface Draft {
  position: Position;
  number: number | null;
  interfaces: InterfaceItem[];
  family: Family | null;
  protocols: string[];
  source: Peer;
  operatingSystems: string[];
  destination: Peer;
  unknown: UnknownPart | null;
  options: RuleOption[];
}

/** A matcher that matches everything. */
export function emptyDraft(position: Position, number: number | null): Draft {
  return {
    position,
    number,
    interfaces: [],
    family: null,
    protocols: [],
    source: ANY_PEER,
    operatingSystems: [],
    destination: ANY_PEER,
    unknown: null,
    options: [],
  };
}

/** What of a draft every rule keeps. */
export function toMatcher({ options: _, ...matcher }: Draft): Matcher {
  return matcher;
}

/**
 * Reads one part after the other into the draft. Where one is not understood, it and the rest of the line become the
 * draft's unknown part, and what came before stays known.
 */
export function parseParts(context: Context, draft: Draft, parts: readonly (() => void)[]): void {
  const { cursor } = context;
  try {
    for (const part of parts) {
      cursor.mark();
      part();
    }
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    report(context, error);
    draft.unknown = { text: cursor.restFromMark(), position: error.position };
  }
}

/** The parts from `on` to the addresses. FreeBSD routes between the interface and the family. */
export function addressParts(context: Context, draft: Draft): (() => void)[] {
  const { cursor } = context;
  let isAll = false;
  return [
    () => {
      draft.interfaces = parseInterfaces(cursor);
    },
    () => {
      if (context.dialect !== 'freebsd') return;
      if (cursor.acceptWord('fastroute')) return;
      if (!['route-to', 'reply-to', 'dup-to'].some(word => cursor.isWord(word))) return;
      const route = parseOption(context);
      if (route) draft.options.push(route);
    },
    () => {
      draft.family = cursor.acceptWords(['inet', 'inet6']);
    },
    () => {
      if (cursor.acceptWord('proto'))
        draft.protocols = parseOneOrList(cursor, () => cursor.name('a protocol'));
    },
    () => {
      isAll = cursor.acceptWord('all');
      if (!isAll && cursor.acceptWord('from')) draft.source = parsePeer(context);
    },
    () => {
      if (!isAll) draft.operatingSystems = parseOperatingSystems(context);
    },
    () => {
      if (!isAll && cursor.acceptWord('to')) draft.destination = parsePeer(context);
    },
  ];
}

/** The options up to the end of the line, the brace of an anchor or the arrow of a translation. */
export function parseOptions(context: Context, draft: Draft): void {
  const { cursor } = context;
  while (!cursor.isAtEnd && !cursor.isSymbol('{') && !cursor.isSymbol('->')) {
    cursor.mark();
    const option = parseOption(context);
    if (!option) throw cursor.problem();
    draft.options.push(option);
    parseBehindProbability(context, option, draft);
  }
}

/** pfctl prints a rule's probability between `keep state` and the brackets that belong to it. */
function parseBehindProbability(context: Context, option: RuleOption, draft: Draft): void {
  const { cursor } = context;
  if (!context.isListing || option.kind !== 'probability' || !cursor.isSymbol('(')) return;
  cursor.mark();
  const state = draft.options.findIndex(one => one.kind === 'plain' && one.keyword.endsWith(' state'));
  const text = `(${cursor.bracketed()})`;
  if (state >= 0)
    draft.options[state] = { kind: 'plain', keyword: stateKeyword(draft.options[state]!), text };
  else draft.options.push({ kind: 'plain', keyword: 'keep state', text });
}

function stateKeyword(option: RuleOption): string {
  return option.kind === 'plain' ? option.keyword : 'keep state';
}
