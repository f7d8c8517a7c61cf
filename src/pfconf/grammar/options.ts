// The options behind `from … to …` of a filter rule, in any order.

import type { RuleOption } from '../ast.js';
import type { Cursor } from '../cursor.js';
import { conditionItems, conditionWord, limiter, rate } from './conditions.js';
import type { Context } from './context.js';
import { parseHost } from './hosts.js';
import { parseInterfaceItem } from './interfaces.js';
import { parsePool, parsePoolPort, parseRoutePool } from './pool.js';

type Parse = (context: Context) => RuleOption;

const plain = (keyword: string, text: string): RuleOption => ({ kind: 'plain', keyword, text });

/** The option that is next, or null where there is none that is known. */
export function parseOption(context: Context): RuleOption | null {
  const { cursor } = context;
  if (cursor.isSymbol('!') && cursor.isWord('tagged', 1)) {
    cursor.take();
    return { ...parseTagged(context), negated: true };
  }
  if (cursor.isSymbol('!') && cursor.isWord('received-on', 1)) {
    cursor.take();
    const { item, kind } = parseReceivedOn(context);
    return { kind, item: { ...item, negated: true } };
  }
  const { kind, text } = cursor.peek();
  const parse = kind === 'word' ? PARSERS.get(text) : undefined;
  return parse ? parse(context) : null;
}

/** Takes the keyword that chose the parser. */
function keyword(cursor: Cursor): string {
  return cursor.take().text;
}

const bare: Parse = ({ cursor }) => plain(keyword(cursor), '');

/** An option with one word behind it that says nothing of who is matched. */
const withWord: Parse = ({ cursor }) => plain(keyword(cursor), cursor.word());

const keepState: Parse = ({ cursor }) => {
  const mode = keyword(cursor);
  cursor.expectWord('state');
  const options = cursor.isSymbol('(') ? ` (${cursor.bracketed()})` : '';
  return plain(`${mode} state`, options.trim());
};

const set: Parse = ({ cursor }) => {
  keyword(cursor);
  if (cursor.isSymbol('(')) return plain('set', `(${cursor.bracketed()})`);
  const what = cursor.acceptWords(['prio', 'queue', 'tos']) ?? cursor.name('prio, queue, tos or delay');
  return plain('set', `${what} ${takeWordOrBrackets(cursor)}`);
};

const flags: Parse = ({ cursor }) => {
  keyword(cursor);
  if (cursor.acceptWord('any')) return { kind: 'flags', set: 'any', mask: null };
  const set = cursor.isSymbol('/') ? '' : cursor.name('TCP flags');
  cursor.expectSymbol('/');
  const mask = cursor.name('TCP flags');
  if (!/^[FSRPAUEW]*$/.test(set + mask)) throw cursor.problem('TCP flags out of FSRPAUEW before this');
  return { kind: 'flags', set, mask };
};

const probability: Parse = context => {
  const { cursor } = context;
  keyword(cursor);
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(cursor.peek().text);
  if (!match) throw cursor.problem('a probability');
  cursor.take();
  const percent = Number(match[1]) * (match[2] === '%' ? 1 : 100);
  return { kind: 'probability', percent: Math.min(100, percent), text: match[0] };
};

const divertTo: Parse = context => {
  const { cursor, dialect } = context;
  keyword(cursor);
  // FreeBSD's goes to a divert(4) socket and has a port alone.
  if (dialect === 'freebsd' && /^\d+$/.test(cursor.peek().text)) {
    return { kind: 'divert-to', host: null, port: parsePoolPort(context) };
  }
  const host = parseHost(context);
  cursor.expectWord('port');
  return { kind: 'divert-to', host, port: parsePoolPort(context) };
};

const divertPacket: Parse = context => {
  keyword(context.cursor);
  context.cursor.expectWord('port');
  return { kind: 'divert-packet', port: parsePoolPort(context) };
};

const addressFamilyTo: Parse = context => {
  const { cursor } = context;
  keyword(cursor);
  const family = cursor.acceptWords(['inet', 'inet6']);
  if (family === null) throw cursor.problem('inet or inet6');
  cursor.expectWord('from');
  const from = parsePool(context);
  return { kind: 'af-to', family, from, to: cursor.acceptWord('to') ? parsePool(context) : null };
};

const tag: Parse = ({ cursor }) => {
  keyword(cursor);
  return { kind: 'tag', name: cursor.name('a tag') };
};

const label: Parse = ({ cursor }) => {
  keyword(cursor);
  return { kind: 'label', text: cursor.name('a label') };
};

const ridentifier: Parse = ({ cursor }) => {
  keyword(cursor);
  return { kind: 'ridentifier', number: cursor.number('a number') };
};

function parseTagged({ cursor }: Context): Extract<RuleOption, { kind: 'tagged' }> {
  keyword(cursor);
  return { kind: 'tagged', negated: false, name: cursor.name('a tag') };
}

function parseReceivedOn({ cursor }: Context): Extract<RuleOption, { kind: 'received-on' }> {
  keyword(cursor);
  return { kind: 'received-on', item: parseInterfaceItem(cursor) };
}

function takeWordOrBrackets(cursor: Cursor): string {
  return cursor.isSymbol('(') ? `(${cursor.bracketed()})` : cursor.word();
}

const pooled =
  (kind: 'nat-to' | 'rdr-to' | 'binat-to'): Parse =>
  context => {
    keyword(context.cursor);
    return { kind, pool: parsePool(context) };
  };

const routed =
  (kind: 'route-to' | 'reply-to' | 'dup-to'): Parse =>
  context => {
    keyword(context.cursor);
    return { kind, pool: parseRoutePool(context) };
  };

const PARSERS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['nat-to', pooled('nat-to')],
  ['rdr-to', pooled('rdr-to')],
  ['binat-to', pooled('binat-to')],
  ['route-to', routed('route-to')],
  ['reply-to', routed('reply-to')],
  ['dup-to', routed('dup-to')],
  ['af-to', addressFamilyTo],
  ['divert-to', divertTo],
  ['divert-packet', divertPacket],
  ['divert-reply', bare],
  ['flags', flags],
  ['keep', keepState],
  ['modulate', keepState],
  ['synproxy', keepState],
  ['no', keepState],
  ['set', set],
  ['tag', tag],
  ['tagged', parseTagged],
  ['received-on', parseReceivedOn],
  ['probability', probability],
  ['label', label],
  ['ridentifier', ridentifier],
  ['queue', ({ cursor }) => plain(keyword(cursor), takeWordOrBrackets(cursor))],
  ['dnpipe', ({ cursor }) => plain(keyword(cursor), takeWordOrBrackets(cursor))],
  ['dnqueue', ({ cursor }) => plain(keyword(cursor), takeWordOrBrackets(cursor))],
  ['scrub', ({ cursor }) => plain(keyword(cursor), `(${cursor.bracketed()})`)],
  ['rtable', withWord],
  ['allow-opts', bare],
  ['fragment', ({ cursor }) => ({ kind: 'condition', keyword: keyword(cursor), text: '' })],
  ['once', ({ cursor }) => ({ kind: 'condition', keyword: keyword(cursor), text: '' })],
  ['tos', conditionWord],
  ['prio', conditionWord],
  ['user', conditionItems],
  ['group', conditionItems],
  ['icmp-type', conditionItems],
  ['icmp6-type', conditionItems],
  ['max-pkt-rate', rate],
  ['max-pkt-size', conditionWord],
  ['state', limiter],
  ['source', limiter],
]);
