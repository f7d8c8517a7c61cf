// Rules that may put something right. Whether one does is tried out before it is proposed.

import type { FilterRule, Host, InterfaceItem, LogSpec, RuleOption, Statement } from '../ast.js';
import type { LoadedRule } from '../loaded.js';
import { printFilterRule } from '../print.js';
import { printInterfaces } from '../print-parts.js';
import type { Correction } from './correction.js';
import type { Subject } from './subject.js';

const PLAIN_LOG: LogSpec = { all: false, matches: false, user: false, interface: 0 };

/** `log` to the interface that spamlogd reads. */
function readLog({ options }: Subject): LogSpec {
  return { ...PLAIN_LOG, interface: options.policy.logInterface };
}

/** The statement of a rule, where it is a filter rule that was understood. */
function filterOf(rule: LoadedRule | null | undefined): FilterRule | null {
  const statement = rule?.statement;
  return statement?.kind === 'filter' && statement.unknown === null ? statement : null;
}

/** The rule with something changed, in its own place. */
export function changed(
  subject: Subject,
  rule: LoadedRule | null,
  change: Partial<FilterRule>,
): Correction[] {
  const statement = filterOf(rule);
  if (!statement) return [];
  const text = printFilterRule({ ...statement, ...change, number: null }, subject.dialect);
  return [{ text, how: 'instead', at: statement }];
}

/** The rule with `log`, where it is about mail rather than everything. */
export function logged(subject: Subject, rule: LoadedRule | null): Correction[] {
  if (!rule?.destinationPort && !rule?.ruleset) return [];
  return changed(subject, rule, { log: readLog(subject) });
}

/** What a rule beside another one has of its own. */
type Narrow = Partial<Pick<FilterRule, 'direction' | 'source' | 'log' | 'options' | 'action'>>;

/**
 * A rule beside the one that decides: before it and quick where that one is quick or ends elsewhere, right behind it
 * otherwise; first narrowed down from that rule itself, so that its redirection is kept, then one from scratch.
 */
export function beside(subject: Subject, rule: LoadedRule | null, narrow: Narrow): Correction[] {
  const statement = filterOf(rule);
  const fresh = freshRule(subject, narrow);
  if (!statement) {
    return rule === null ? [{ text: printed(subject, fresh), how: 'end', at: null }] : [];
  }
  const narrowed = narrowRule(subject, statement, narrow);
  const place = (one: FilterRule, how: 'before' | 'behind'): Correction => {
    const quick = how === 'before' || statement.quick;
    return { text: printed(subject, { ...one, quick }), how, at: statement };
  };
  const isPass = statement.action === 'pass' && !statement.options.some(isRedirection);
  const rules = isPass ? [narrowed, fresh] : [fresh];
  const ways = statement.quick ? (['before'] as const) : (['behind', 'before'] as const);
  return rules.flatMap(one => ways.map(how => place(one, how)));
}

/** The rule without `log`, and the parts of it that should be logged as rules of their own. */
export function split(subject: Subject, rule: LoadedRule, ...narrows: readonly Narrow[]): Correction[] {
  const statement = filterOf(rule);
  if (!statement) return [];
  const silent = printed(subject, { ...statement, log: null });
  const plain = { ...statement, options: statement.options.filter(option => !isRedirection(option)) };
  return [statement, plain].map(whole => {
    const own = narrows.map(narrow => printed(subject, narrowRule(subject, whole, narrow)));
    const rules = statement.quick ? [...own, silent] : [silent, ...own];
    return { text: rules.join('\n'), how: 'instead', at: statement };
  });
}

function printed({ dialect }: Subject, rule: FilterRule): string {
  return printFilterRule({ ...rule, number: null }, dialect);
}

function isRedirection({ kind }: RuleOption): boolean {
  return kind === 'rdr-to' || kind === 'divert-to' || kind === 'af-to';
}

function narrowRule(subject: Subject, statement: FilterRule, narrow: Narrow): FilterRule {
  const { interfaces, protocols, source, destination, options } = statement;
  return {
    ...statement,
    action: 'pass',
    blockPolicy: '',
    log: readLog(subject),
    direction: statement.direction ?? 'in',
    interfaces: interfaces.length > 0 ? interfaces : outsideItems(subject),
    protocols: protocols.length > 0 && destination.ports.length > 0 ? protocols : ['tcp'],
    destination: destination.ports.length > 0 ? destination : { ...destination, ports: [smtp(subject)] },
    ...narrow,
    source: narrow.source ? { ...narrow.source, ports: source.ports } : source,
    options: [...options, ...(narrow.options ?? [])],
  };
}

function freshRule(subject: Subject, narrow: Narrow): FilterRule {
  return {
    kind: 'filter',
    position: { file: '', line: 1, column: 1 },
    number: null,
    action: 'pass',
    blockPolicy: '',
    direction: 'in',
    log: readLog(subject),
    quick: false,
    interfaces: outsideItems(subject),
    family: null,
    protocols: ['tcp'],
    source: { hosts: [], ports: [] },
    operatingSystems: [],
    destination: { hosts: [], ports: [smtp(subject)] },
    unknown: null,
    options: [],
    ...narrow,
  };
}

function outsideItems({ scenario }: Subject): InterfaceItem[] {
  return [scenario.outside, ...scenario.otherOutsides].map(name => ({ negated: false, name }));
}

function smtp({ options }: Subject): FilterRule['destination']['ports'][number] {
  const [port = 25] = options.policy.ports;
  return { operator: '=', low: port === 25 ? 'smtp' : String(port) };
}

/** Of a rule's senders, those in the table alone. */
export function fromTable(name: string): Narrow {
  const host: Host = { negated: false, kind: 'table', name };
  return { direction: 'in', source: { hosts: [host], ports: [] } };
}

const SELF: Host = { negated: false, kind: 'name', name: 'self', modifiers: [], bits: null };
const NOT_FORWARDED: RuleOption = { kind: 'received-on', item: { negated: true, name: 'any' } };

/**
 * Of a rule's senders, this machine alone: by its address, or, where addresses inside are translated to that one, by
 * not having come in anywhere. FreeBSD's rules cannot always ask for the latter.
 */
export function fromSelf({ dialect }: Subject): Narrow[] {
  const bySource: Narrow = { direction: 'out', source: { hosts: [SELF], ports: [] } };
  return dialect === 'openbsd' ? [bySource, { direction: 'out', options: [NOT_FORWARDED] }] : [bySource];
}

/** The same changes made to a rule in its own place. */
export function narrowedInPlace(subject: Subject, rule: LoadedRule, narrow: Narrow): Correction[] {
  const statement = filterOf(rule);
  if (!statement) return [];
  const { source, options = [] } = narrow;
  return changed(subject, rule, {
    options: [...statement.options, ...options],
    source: source ? { ...source, ports: statement.source.ports } : statement.source,
  });
}

/** A rule that FreeBSD's translation sends to the tarpit, less the hosts of a table: `no rdr` before it. */
export function exempt(subject: Subject, rule: LoadedRule | null, table: string): Correction[] {
  const statement = rule?.statement;
  if (statement?.kind !== 'translation' || statement.type !== 'rdr') return [];
  const on = printInterfaces(statement.interfaces);
  const text = ['no rdr', on, `proto tcp from <${table}> to any port ${smtp(subject).low}`];
  return [{ text: text.filter(part => part !== '').join(' '), how: 'before', at: statement }];
}

/** What the hosts of the whitelist should be passed by, as text for a sentence. */
export function whiteRuleText(subject: Subject, table: string): string {
  return printed(subject, freshRule(subject, fromTable(table)));
}

/** The option `set skip` without some of its interfaces. */
export function withoutSkip(statement: Statement, names: readonly string[]): Correction[] {
  if (statement.kind !== 'skip') return [];
  const left = statement.interfaces.filter(({ name }) => !names.includes(name));
  const text = left.length === 0 ? '# nothing to skip' : `set skip ${printInterfaces(left)}`;
  return [{ text, how: 'instead', at: statement }];
}
