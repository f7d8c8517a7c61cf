// Addresses as rules, tables and pools write them.

import { type AddressWords, isIpv4Words, parseAddress } from '../../address/address.js';
import type { Prefix } from '../../address/prefix.js';
import type { Host } from '../ast.js';
import type { Context } from './context.js';
import { parseList } from './list.js';

const MODIFIERS: ReadonlySet<string> = new Set(['network', 'broadcast', 'peer', '0']);
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** Lists may be nested; no person goes deeper than this. */
const NESTING_LIMIT = 32;

/** The addresses of `from`, `to` or a table: one, or a list of them and of lists. Null is any. */
export function parseHosts(context: Context, depth = 0): Host[] | null {
  const { cursor } = context;
  if (cursor.acceptWord('any')) return null;
  if (!cursor.isSymbol('{')) return [parseHost(context)];
  if (depth >= NESTING_LIMIT) throw cursor.problem('a list nested less deep');
  const lists = parseList(cursor, () => parseHosts(context, depth + 1));
  return lists.includes(null) ? null : lists.flatMap(list => list ?? []);
}

/** One address, perhaps negated. */
export function parseHost(context: Context): Host {
  const { cursor } = context;
  const negated = cursor.acceptSymbol('!');
  if (cursor.acceptSymbol('<')) {
    const name = withoutCount(context, cursor.name('a table'));
    cursor.expectSymbol('>');
    return { negated, kind: 'table', name };
  }
  if (cursor.acceptWord('no-route')) return { negated, kind: 'no-route' };
  if (cursor.acceptWord('urpf-failed')) return { negated, kind: 'urpf-failed' };
  if (cursor.acceptWord('route')) return { negated, kind: 'route', label: cursor.name('a route label') };
  if (cursor.isSymbol('(')) return parseDynamic(context, negated);
  return parseNamed(context, negated);
}

/** `(em0:network)/24`; pfctl -vv prints the number of its addresses behind the name. */
function parseDynamic(context: Context, negated: boolean): Host {
  const { cursor } = context;
  cursor.expectSymbol('(');
  const [name = '', ...modifiers] = withoutCount(context, cursor.name('an interface')).split(':');
  if (!NAME.test(name) || !modifiers.every(one => MODIFIERS.has(one))) {
    throw cursor.problem('an interface with modifiers in the brackets');
  }
  cursor.expectSymbol(')');
  return { negated, kind: 'dynamic', name, modifiers, bits: parseBits(context, 128) };
}

/**
 * pfctl -vv prints the number of addresses: `<table:12>`, `(em0:1)`, `*` where it does not know. `(em0:0)` is left:
 * there the 0 means without aliases, and no address at all is rare.
 */
function withoutCount(context: Context, text: string): string {
  if (!context.isListing || /^[^:]+:0$/.test(text)) return text;
  return text.replace(/:(?:\d+|\*)$/, '');
}

/** An address, a prefix, a range of addresses, or a name. */
function parseNamed(context: Context, negated: boolean): Host {
  const { cursor } = context;
  const word = cursor.peek();
  const text = cursor.name('an address');
  const [address = '', atInterface] = text.split('@');
  const words = parseAddress(address.split('%')[0]!);
  const isQuad = /^\d{1,3}(?:\.\d{1,3}){0,3}$/.test(address);
  if (words || (isQuad && cursor.isSymbol('/'))) {
    const first = words ?? completeQuad(address);
    const limit = first && isIpv4(first) ? 32 : 128;
    const bits = parseBits(context, limit);
    if (!first) throw cursor.problem(`the prefix ${JSON.stringify(text)} to be an address`);
    const prefix = prefixOf(first, bits === null ? 128 : bits + 128 - limit);
    if (cursor.acceptSymbol('-'))
      return { negated, kind: 'range', first: prefix, last: parseLast(context, prefix) };
    return { negated, kind: 'prefix', prefix, ...(atInterface ? { interface: atInterface } : {}) };
  }
  const [name = '', ...modifiers] = text.split(':');
  const isName = NAME.test(name) && !isQuad && modifiers.every(one => MODIFIERS.has(one));
  if (!isName) throw cursor.problem(`${JSON.stringify(word.text)} to be an address or a name`);
  return { negated, kind: 'name', name, modifiers, bits: parseBits(context, 128) };
}

function parseLast(context: Context, first: Prefix): Prefix {
  const words = parseAddress(context.cursor.name('the last address of the range'));
  if (!words || first.bits !== 128) throw context.cursor.problem('two addresses around "-"');
  return { words, bits: 128 };
}

function parseBits(context: Context, limit: number): number | null {
  if (!context.cursor.acceptSymbol('/')) return null;
  const bits = context.cursor.number('a prefix length');
  if (bits > limit) throw context.cursor.problem(`a prefix length up to ${limit} before this`);
  return bits;
}

/** `10.1` of `10.1/16` is 10.1.0.0. */
function completeQuad(text: string): AddressWords | undefined {
  const parts = text.split('.');
  return parseAddress([...parts, '0', '0', '0'].slice(0, 4).join('.'));
}

function isIpv4(words: AddressWords): boolean {
  return isIpv4Words(words[0], words[1], words[2]);
}

/** The prefix that an address is in; host bits are cleared, as pfctl does in rules. */
export function prefixOf(words: AddressWords, bits: number): Prefix {
  const kept = words.map((word, i) => {
    const fixed = Math.min(32, Math.max(0, bits - 32 * i));
    return fixed === 0 ? 0 : (word & (0xffffffff << (32 - fixed))) >>> 0;
  });
  return { words: [kept[0]!, kept[1]!, kept[2]!, kept[3]!], bits };
}
