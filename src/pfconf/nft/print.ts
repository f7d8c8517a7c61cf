// A rule in the words of nft(8), for a reader; what is rare is left as JSON.

import { elements, type Json, member, type NftRule, tagged } from './model.js';

/** The rule without its table and chain. */
export function printNftRule(rule: NftRule): string {
  return rule.statements.map(printStatement).join(' ');
}

function printStatement(statement: Json): string {
  const one = tagged(statement);
  if (!one) return JSON.stringify(statement);
  const { name, content } = one;
  switch (name) {
    case 'match':
      return printMatch(content);
    case 'vmap':
      return `${printValue(member(content, 'key'))} vmap ${printValue(member(content, 'data'))}`;
    case 'log':
      return ['log', ...LOG_PARTS.map(key => printPart(key, member(content, key)))]
        .filter(part => part !== '')
        .join(' ');
    case 'redirect':
    case 'dnat':
    case 'tproxy':
      return printTarget(name, content);
    case 'mangle':
      return `${printChanged(member(content, 'key'))} set ${printValue(member(content, 'value'))}`;
    case 'jump':
    case 'goto':
      return `${name} ${printValue(member(content, 'target'))}`;
    default:
      return content === null || name === 'counter' ? name : `${name} ${printValue(content)}`;
  }
}

const LOG_PARTS = ['prefix', 'group', 'snaplen', 'queue-threshold', 'level'] as const;

function printPart(key: string, value: Json | undefined): string {
  return value === undefined ? '' : `${key} ${key === 'prefix' ? JSON.stringify(value) : printValue(value)}`;
}

function printTarget(name: string, content: Json): string {
  const address = member(content, 'addr');
  const port = member(content, 'port');
  const to = `${address === undefined ? '' : printValue(address)}${port === undefined ? '' : `:${printValue(port)}`}`;
  return to === '' ? name : `${name} to ${to}`;
}

function printMatch(content: Json): string {
  const op = String(member(content, 'op'));
  const isPlain = op === '==' || op === 'in';
  const isMasked = tagged(member(content, 'left'))?.name === '&';
  const sign = isPlain && !isMasked ? '' : `${op} `;
  return `${printValue(member(content, 'left'))} ${sign}${printValue(member(content, 'right'))}`;
}

/** What a statement changes: `meta mark`, which as a test would be `mark`. */
function printChanged(key: Json | undefined): string {
  return `${member(key, 'meta') === undefined ? '' : 'meta '}${printValue(key)}`;
}

function printValue(value: Json | undefined): string {
  if (Array.isArray(value)) return value.map(printValue).join(',');
  const one = tagged(value);
  if (!one) return String(value);
  const { name, content } = one;
  switch (name) {
    case 'payload':
      return `${printValue(member(content, 'protocol'))} ${printValue(member(content, 'field'))}`;
    case 'meta':
    case 'ct':
      return `${name === 'meta' ? '' : 'ct '}${printValue(member(content, 'key'))}`;
    case 'set':
      return `{ ${elements(content).map(printElement).join(', ')} }`;
    case 'range':
      return elements(content).map(printValue).join('-');
    case 'prefix':
      return `${printValue(member(content, 'addr'))}/${printValue(member(content, 'len'))}`;
    case 'concat':
      return elements(content).map(printValue).join(' . ');
    case '&':
      return `${printValue(elements(content)[0])} & (${elements(elements(content)[1]).map(printValue).join('|')})`;
    case 'fib':
      return `fib ${elements(member(content, 'flags')).map(printValue).join(' . ')} ${printValue(member(content, 'result'))}`;
    default:
      return JSON.stringify(value);
  }
}

/** An element of a set, or of a map from values to verdicts. */
function printElement(element: Json): string {
  const [key, verdict] = Array.isArray(element) ? element : [];
  return verdict === undefined ? printValue(element) : `${printValue(key)} : ${tagged(verdict)?.name ?? ''}`;
}
