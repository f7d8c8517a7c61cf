// Rules as pf holds them: lists expanded, one number each, sorted into the rulesets of the anchors.

import type { Prefix } from '../address/prefix.js';
import type {
  AnchorRule,
  AntispoofRule,
  Direction,
  Family,
  FilterRule,
  Host,
  InterfaceItem,
  LogSpec,
  Pool,
  PortItem,
  RuleOption,
  Statement,
  TranslationAnchor,
  TranslationRule,
  TranslationType,
  UnknownPart,
} from './ast.js';
import type { Diagnostic, Position } from './source.js';

/** A statement that becomes rules, or may be one for all we understand of it. */
export type RuleStatement =
  | FilterRule
  | AnchorRule
  | TranslationRule
  | TranslationAnchor
  | AntispoofRule
  | Extract<Statement, { kind: 'unknown' }>;

/** Another ruleset that a rule calls; all rulesets below it where the name ends in a `*`. */
export interface AnchorCall {
  readonly path: string;
  readonly isWildcard: boolean;
}

/** One rule; a null matches everything. */
export interface LoadedRule {
  /** Counts all rules that were loaded together; tells them apart, nothing more. */
  readonly id: number;
  readonly statement: RuleStatement;
  readonly position: Position;
  /** Path of the ruleset that the rule is in, '' for the main one. */
  readonly ruleset: string;
  /** Its number there; null where that cannot be told from the text. */
  readonly number: number | null;
  readonly action: 'pass' | 'block' | 'match' | 'anchor' | TranslationType | 'unknown';
  readonly direction: Direction | null;
  readonly quick: boolean;
  readonly log: LogSpec | null;
  readonly interface: InterfaceItem | null;
  readonly family: Family | null;
  readonly protocol: string | null;
  readonly source: Host | null;
  readonly sourcePort: PortItem | null;
  readonly destination: Host | null;
  readonly destinationPort: PortItem | null;
  /** Conditions that cannot be decided from here, in words. */
  readonly doubts: readonly string[];
  readonly options: readonly RuleOption[];
  readonly unknown: UnknownPart | null;
  readonly call: AnchorCall | null;
  /** Of translation rules: `no`, `pass` and where to. */
  readonly translation: { readonly no: boolean; readonly pass: boolean; readonly pool: Pool | null } | null;
}

/** A table as the rules define it. */
export interface LoadedTable {
  readonly name: string;
  readonly statement: Statement;
  readonly position: Position;
  readonly isConst: boolean;
  readonly isPersistent: boolean;
  readonly entries: readonly { readonly prefix: Prefix; readonly negated: boolean }[];
  /** False where a file was not read or a name not resolved. */
  readonly isKnown: boolean;
}

/** The main ruleset or that of an anchor. Translation rules are numbered apart from filter rules, each kind by itself. */
export interface Ruleset {
  /** Path from the main ruleset, '' for that. */
  readonly path: string;
  /** What a pflog record calls it: the last part of the path; null for a brace anchor whose `_N` pfctl does not print. */
  readonly name: string | null;
  readonly filter: LoadedRule[];
  readonly nat: LoadedRule[];
  readonly rdr: LoadedRule[];
  readonly binat: LoadedRule[];
  readonly tables: Map<string, LoadedTable>;
}

/** Everything pf would load. */
export interface LoadedRules {
  readonly rulesets: ReadonlyMap<string, Ruleset>;
  /** Interfaces that pf does not look at, and where that is said. */
  readonly skip: readonly (InterfaceItem & { readonly statement: Statement })[];
  readonly limits: ReadonlyMap<string, number>;
  /** Where a limit is set. */
  readonly limitStatements: ReadonlyMap<string, Statement>;
  /** Whether the numbers are pf's own, printed by pfctl, rather than counted from a file. */
  readonly isListing: boolean;
  /** What pfctl would refuse when it expands the rules. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The main ruleset. */
export function mainRuleset(rules: LoadedRules): Ruleset {
  return rules.rulesets.get('')!;
}
