// Rules that send strangers to the tarpit, or away.

import type { Family } from '../ast.js';
import type { LoadedRule } from '../loaded.js';
import { printInterfaces } from '../print-parts.js';
import type { Correction } from './correction.js';
import { type Subject, whiteTable } from './subject.js';
import { allRules } from './usage.js';

/**
 * Rules that could keep hosts that nobody knows from the mail server, beside the rule that lets them through. The
 * tarpit of spamd(8) speaks IPv4 alone: over IPv6 they are blocked.
 */
export function redirections(subject: Subject, rule: LoadedRule | null, family: Family): Correction[] {
  const { dialect, options, scenario } = subject;
  const [number = 25] = options.policy.ports;
  const port = number === 25 ? 'smtp' : String(number);
  const names = [scenario.outside, ...scenario.otherOutsides];
  const on = printInterfaces(names.map(name => ({ negated: false, name })));
  const peers = `proto tcp from ! <${whiteTable(subject)}> to any port ${port}`;
  const first = firstFilter(subject);
  if (family === 'inet' && dialect === 'freebsd') {
    return [{ text: `rdr pass ${on} inet ${peers} -> 127.0.0.1 port spamd`, how: 'before', at: first }];
  }
  const action = family === 'inet' ? 'pass' : 'block';
  const to = family === 'inet' ? ' divert-to 127.0.0.1 port spamd' : '';
  const rest = `${on} ${family} ${peers}${to}`;
  // At the head of the filter it is for everybody whom no rule behind it lets through.
  const head = {
    text: `${action} in ${on} ${family} proto tcp to any port ${port}${to}`,
    how: 'before' as const,
    at: first,
  };
  const at = rule?.statement ?? null;
  if (!at) return [{ text: `${action} in ${rest}`, how: 'end', at }, head];
  if (at.kind !== 'filter') return [head];
  const before: Correction = { text: `${action} in quick ${rest}`, how: 'before', at };
  return at.quick ? [before, head] : [{ text: `${action} in ${rest}`, how: 'behind', at }, before, head];
}

/** FreeBSD wants translation rules before those of the filter. */
function firstFilter({ rules }: Subject): LoadedRule['statement'] | null {
  const filters = allRules(rules).filter(({ statement }) => ['filter', 'anchor'].includes(statement.kind));
  return filters.find(({ ruleset }) => ruleset === '')?.statement ?? null;
}
