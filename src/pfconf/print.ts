// Statements as the text of a pf.conf(5) that says the same.

import type {
  AnchorRule,
  AntispoofRule,
  FilterRule,
  Statement,
  TranslationAnchor,
  TranslationRule,
} from './ast.js';
import {
  joinWords,
  printHost,
  printInterfaces,
  printList,
  printLog,
  printMatcher,
  printOption,
  printPool,
} from './print-parts.js';
import { bareOrQuoted, quote } from './quote.js';
import type { Dialect } from './source.js';

/**
 * The text of the statements, one a line and without a line end after the last; parsed again in the same dialect it gives the same statements but for their
 * places. Macros have been replaced, comments are gone.
 */
export function printStatements(statements: readonly Statement[], dialect: Dialect): string {
  return statements.map(statement => printStatement(statement, dialect)).join('\n');
}

/** The text of one statement without the line end. */
export function printStatement(statement: Statement, dialect: Dialect): string {
  switch (statement.kind) {
    case 'filter':
      return printFilterRule(statement, dialect);
    case 'anchor':
      return printAnchor(statement, dialect);
    case 'translation':
      return printTranslation(statement);
    case 'translation-anchor':
      return printTranslationAnchor(statement, dialect);
    case 'antispoof':
      return printAntispoof(statement);
    case 'macro':
      return `${bareOrQuoted(statement.name)} = ${quote(statement.value)}`;
    case 'table':
      return joinWords(
        `table <${bareOrQuoted(statement.name)}>`,
        ...statement.flags,
        statement.hosts === null ? '' : joinWords('{', statement.hosts.map(printHost).join(', '), '}'),
        ...statement.files.map(path => `file ${quote(path)}`),
      );
    case 'skip':
      return joinWords('set skip', printInterfaces(statement.interfaces));
    case 'limit':
      return `set limit ${printList(statement.limits.map(({ name, value }) => `${bareOrQuoted(name)} ${value}`))}`;
    case 'set':
      return joinWords('set', statement.name, statement.text);
    case 'other':
      return joinWords(statement.keyword, statement.text);
    case 'include':
      return `include ${quote(statement.path)}`;
    case 'load-anchor':
      return `load anchor ${quote(statement.name)} from ${quote(statement.path)}`;
    case 'unknown':
      return statement.text;
  }
}

/** The text of a filter rule, also of one made by changing another. */
export function printFilterRule(rule: FilterRule, dialect: Dialect): string {
  const { route, options } = splitRoute(rule, dialect);
  return joinWords(
    printNumber(rule.number),
    rule.action,
    rule.blockPolicy,
    rule.direction ?? '',
    printLog(rule.log),
    rule.quick ? 'quick' : '',
    printMatcher(rule, route),
    ...options,
    rule.unknown?.text ?? '',
  );
}

/** The text of a translation rule, also of one made by changing another. */
function printTranslation(rule: TranslationRule): string {
  return joinWords(
    printNumber(rule.number),
    rule.no ? 'no' : '',
    rule.type,
    rule.pass ? 'pass' : '',
    printLog(rule.log),
    printMatcher(rule),
    ...rule.options.map(printOption),
    rule.pool === null ? '' : `-> ${printPool(rule.pool)}`,
    rule.unknown?.text ?? '',
  );
}

/** FreeBSD's route comes right behind the interface where the rule was read from there. */
function splitRoute(rule: FilterRule, dialect: Dialect): { route: string; options: string[] } {
  const [first, ...rest] = rule.options.map(printOption);
  const kind = rule.options[0]?.kind;
  const isRoute = kind === 'route-to' || kind === 'reply-to' || kind === 'dup-to';
  if (dialect !== 'freebsd' || !isRoute || first === undefined) {
    return { route: '', options: first === undefined ? [] : [first, ...rest] };
  }
  return { route: first, options: rest };
}

function printAnchor(anchor: AnchorRule, dialect: Dialect): string {
  const head = joinWords(
    printNumber(anchor.number),
    'anchor',
    anchor.name === null ? '' : quote(anchor.name),
    anchor.direction ?? '',
    anchor.quick ? 'quick' : '',
    printMatcher(anchor),
    ...anchor.options.map(printOption),
    anchor.unknown?.text ?? '',
  );
  return printWithBody(head, anchor, dialect);
}

function printTranslationAnchor(anchor: TranslationAnchor, dialect: Dialect): string {
  const start = joinWords(printNumber(anchor.number), `${anchor.type}-anchor`);
  if (anchor.name === '' && anchor.unknown) {
    return printWithBody(joinWords(start, anchor.unknown.text), anchor, dialect);
  }
  const head = joinWords(
    start,
    quote(anchor.name),
    printMatcher(anchor),
    ...anchor.options.map(printOption),
    anchor.unknown?.text ?? '',
  );
  return printWithBody(head, anchor, dialect);
}

function printWithBody(head: string, anchor: AnchorRule | TranslationAnchor, dialect: Dialect): string {
  if (anchor.body === null) return head;
  const lines = [`${head} {`, ...anchor.body.map(statement => printStatement(statement, dialect))];
  return [...lines, ...(anchor.closed ? ['}'] : [])].join('\n');
}

function printAntispoof(rule: AntispoofRule): string {
  const names = rule.interfaces.map(({ name, dynamic }) =>
    dynamic ? `(${bareOrQuoted(name)})` : bareOrQuoted(name),
  );
  return joinWords(
    'antispoof',
    printLog(rule.log),
    rule.quick ? 'quick' : '',
    `for ${printList(names)}`,
    rule.family ?? '',
    ...rule.options.map(printOption),
  );
}

function printNumber(number: number | null): string {
  return number === null ? '' : `@${number}`;
}
