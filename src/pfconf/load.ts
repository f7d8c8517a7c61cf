// Statements to the numbered rules and tables that pf would hold after loading them.

import type {
  AnchorRule,
  AntispoofRule,
  FilterRule,
  Host,
  Statement,
  TranslationAnchor,
  TranslationRule,
} from './ast.js';
import { EMPTY_ENVIRONMENT, type Environment } from './environment.js';
import { expandMatcher, type Variants } from './expand.js';
import { expandAntispoof, expandBinatTo } from './expand-special.js';
import type { AnchorCall, LoadedRules, RuleStatement, Ruleset } from './loaded.js';
import { loadedRule, type UnnumberedRule, unknownRule } from './loaded-rule.js';
import { anchorCall, childPath, rulesetName } from './paths.js';
import { quote } from './quote.js';
import { type Diagnostic, type Dialect, type Position, type ReadFile, SyntaxProblem } from './source.js';
import { loadTable } from './tables.js';

/** What is needed to load rules besides their text. */
export interface LoadOptions {
  readonly dialect: Dialect;
  /** Whether the statements are what pfctl printed: numbers are pf's own then. */
  readonly isListing: boolean;
  readonly environment?: Environment;
  /** Reads the files of tables. */
  readonly readFile?: ReadFile;
}

/**
 * Loads statements: numbers count from 0 in every ruleset, anchors included, as pf counts them without its
 * optimizer; numbers that pfctl printed are kept. Where a name stands for addresses that are not known, the numbers
 * behind it are null.
 */
export function loadRules(statements: readonly Statement[], options: LoadOptions): LoadedRules {
  return new Loader(options).load(statements);
}

/** Statements that are no rules, however little else is understood of them. */
const NO_RULE = /^(?:(?:set|table|queue|altq|scrub|ether)\b|\S+ =)/;

type Kind = 'filter' | 'nat' | 'rdr' | 'binat';

class Loader {
  readonly #options: LoadOptions;
  readonly #environment: Environment;
  readonly #rulesets = new Map<string, Ruleset>();
  readonly #counters = new Map<string, number | null>();
  readonly #wildcards = new Set<string>();
  readonly #skip: LoadedRules['skip'][number][] = [];
  readonly #limits = new Map<string, number>();
  readonly #limitStatements = new Map<string, Statement>();
  readonly #diagnostics: Diagnostic[] = [];
  #braces = 0;
  #nextId = 1;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#environment = options.environment ?? EMPTY_ENVIRONMENT;
  }

  load(statements: readonly Statement[]): LoadedRules {
    this.#ruleset('');
    this.#addAll(statements, '');
    return {
      rulesets: this.#rulesets,
      skip: this.#skip,
      limits: this.#limits,
      limitStatements: this.#limitStatements,
      isListing: this.#options.isListing,
      diagnostics: this.#diagnostics,
    };
  }

  #ruleset(path: string): Ruleset {
    const known = this.#rulesets.get(path);
    if (known) return known;
    const name = rulesetName(path);
    const ruleset = { path, name, filter: [], nat: [], rdr: [], binat: [], tables: new Map() };
    this.#rulesets.set(path, ruleset);
    return ruleset;
  }

  #addAll(statements: readonly Statement[], path: string): void {
    for (const statement of statements) this.#add(statement, path);
  }

  #add(statement: Statement, path: string): void {
    switch (statement.kind) {
      case 'filter':
      case 'translation':
      case 'antispoof':
        this.#addRule(statement, path);
        return;
      case 'anchor':
      case 'translation-anchor':
        this.#addAnchor(statement, path);
        return;
      case 'unknown':
        if (NO_RULE.test(statement.text)) return;
        this.#addUnknown(statement, path);
        return;
      case 'table':
        this.#ruleset(path).tables.set(
          statement.name,
          loadTable(statement, this.#environment, this.#options.readFile),
        );
        return;
      case 'skip':
        this.#skip.push(...statement.interfaces.map(item => ({ ...item, statement })));
        return;
      case 'limit':
        for (const { name, value } of statement.limits) {
          this.#limits.set(name, value);
          this.#limitStatements.set(name, statement);
        }
        return;
      case 'include':
        if (statement.statements) this.#addAll(statement.statements, path);
        else this.#addUnread(statement, path);
        return;
      case 'load-anchor':
        if (statement.statements) this.#addAll(statement.statements, childPath(path, statement.name));
        else this.#addUnread(statement, childPath(path, statement.name));
    }
  }

  /** What is not understood may be a rule that does anything. */
  #addUnknown(statement: Extract<Statement, { kind: 'unknown' }>, path: string): void {
    this.#push('filter', path, unknownRule(statement, path));
    this.#counters.set(`filter ${path}`, null);
  }

  /** A file that was not read may hold anything, translation rules too. */
  #addUnread({ position, path: file }: { position: Position; path: string }, path: string): void {
    const unread = { kind: 'unknown' as const, position, text: `include ${quote(file)}` };
    this.#addUnknown(unread, path);
    if (this.#options.dialect === 'freebsd') this.#push('rdr', path, unknownRule(unread, path));
  }

  #addRule(statement: FilterRule | TranslationRule | AntispoofRule, path: string): void {
    const kind = statement.kind === 'translation' ? statement.type : 'filter';
    try {
      if (statement.kind === 'antispoof') {
        for (const rule of expandAntispoof(statement)) this.#addRule(rule, path);
        return;
      }
      const rules = statement.kind === 'filter' ? expandBinatTo(statement) : [statement];
      for (const rule of rules) this.#addVariants(kind, path, rule, this.#expand(rule), null);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      this.#diagnostics.push({ ...error.position, message: error.message });
      this.#push(kind, path, { ...unknownRule(statement, path), number: statementNumber(statement) });
      this.#counters.set(`${kind} ${path}`, null);
    }
  }

  /** An anchor is a rule of its own; its rules in braces make the ruleset that it calls. */
  #addAnchor(statement: AnchorRule | TranslationAnchor, path: string): void {
    const isInline = statement.body !== null;
    if (isInline) this.#braces++;
    const name = statement.name ?? `_${this.#options.isListing ? '?' : ''}${this.#braces}`;
    const call = anchorCall(path, name);
    // pfctl -a '*' prints what is below a wildcard as anchors without numbers: these call nothing.
    const isChild = this.#options.isListing && statement.number === null && this.#isWildcard(path);
    if (!isChild) {
      const kind = statement.kind === 'anchor' ? 'filter' : statement.type;
      this.#addVariants(kind, path, statement, this.#expand(statement), call);
    }
    if (!call.isWildcard) this.#ruleset(call.path);
    else this.#wildcards.add(call.path);
    if (statement.body) this.#addAll(statement.body, call.path);
  }

  #isWildcard(path: string): boolean {
    return this.#wildcards.has(path);
  }

  #expand(statement: FilterRule | AnchorRule | TranslationRule | TranslationAnchor): Variants {
    const pool: readonly Host[] = statement.kind === 'translation' ? (statement.pool?.hosts ?? []) : [];
    return expandMatcher(statement, statement.options, pool, this.#options.dialect, this.#environment);
  }

  #addVariants(
    kind: Kind,
    path: string,
    statement: FilterRule | AnchorRule | TranslationRule | TranslationAnchor,
    { variants, isExact }: Variants,
    call: AnchorCall | null,
  ): void {
    for (const variant of variants) this.#push(kind, path, loadedRule(statement, path, variant, call));
    if (!isExact && !this.#options.isListing) this.#counters.set(`${kind} ${path}`, null);
  }

  /** Adds the rule under the next number of its kind, or under the one pfctl printed. */
  #push(kind: Kind, path: string, rule: UnnumberedRule): void {
    const key = `${kind} ${path}`;
    const counted = this.#counters.has(key) ? this.#counters.get(key)! : 0;
    const number = rule.number ?? counted;
    this.#ruleset(path)[kind].push({ ...rule, number, id: this.#nextId++ });
    this.#counters.set(key, number === null ? null : number + 1);
  }
}

function statementNumber(statement: RuleStatement): number | null {
  return 'number' in statement ? statement.number : null;
}
