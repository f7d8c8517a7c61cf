// Options of a rule that make its match depend on more than addresses and ports.

import type { RuleOption } from '../ast.js';
import type { Cursor } from '../cursor.js';
import type { Context } from './context.js';
import { parseOneOrList } from './list.js';

type Parse = (context: Context) => RuleOption;

const condition = (keyword: string, text: string): RuleOption => ({ kind: 'condition', keyword, text });

/** Takes the keyword that chose the parser. */
function keyword(cursor: Cursor): string {
  return cursor.take().text;
}

/** A condition on something that only the running system knows. */
export const conditionWord: Parse = ({ cursor }) => condition(keyword(cursor), cursor.word());

/** A condition with one item or a list: `user root`, `icmp-type { echoreq, 3 code 1 }`. */
export const conditionItems: Parse = ({ cursor }) => {
  const name = keyword(cursor);
  const items = parseOneOrList(cursor, () => takeItem(cursor));
  return condition(name, items.length === 1 ? items[0]! : `{ ${items.join(', ')} }`);
};

/** `max-pkt-rate 100/10`. */
export const rate: Parse = ({ cursor }) => {
  const name = keyword(cursor);
  const limit = cursor.number('a rate');
  cursor.expectSymbol('/');
  return condition(name, `${limit}/${cursor.number('seconds')}`);
};

/** `state limiter NAME (block)` and `source limiter id 3`: whether the limit is reached, only pf knows. */
export const limiter: Parse = ({ cursor }) => {
  const name = keyword(cursor);
  if (!cursor.isWord('limiter')) throw cursor.problem('limiter');
  cursor.take();
  const which = cursor.acceptWord('id') ? `id ${cursor.number('a limiter')}` : cursor.word();
  return condition(`${name} limiter`, cursor.isSymbol('(') ? `${which} (${cursor.bracketed()})` : which);
};

const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '><', '<>'];

/** A user, a group or an ICMP type: words with operators between them, up to something else. */
function takeItem(cursor: Cursor): string {
  const operator = OPERATORS.find(one => cursor.acceptSymbol(one));
  const first = operator === undefined ? cursor.word() : `${operator} ${cursor.word()}`;
  if (cursor.acceptWord('code')) return `${first} code ${cursor.word()}`;
  const binary = OPERATORS.find(one => cursor.acceptSymbol(one));
  return binary === undefined ? first : `${first} ${binary} ${cursor.word()}`;
}
