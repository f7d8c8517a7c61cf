// What a rules file says, statement by statement: macros are replaced, lists are not yet expanded.

import type { Prefix } from '../address/prefix.js';
import type { Position } from './source.js';

export type Family = 'inet' | 'inet6';
export type Direction = 'in' | 'out';

/** The rest of a statement from the first thing on that is not understood, as tokens with one blank between. */
export interface UnknownPart {
  readonly text: string;
  readonly position: Position;
}

/** `on` one interface, group, `any` or `rdomain N`. */
export interface InterfaceItem {
  readonly negated: boolean;
  readonly name: string;
  /** The routing domain of `rdomain N`; `name` is '' then. */
  readonly rdomain?: number;
}

/** An address of a rule, a table or a pool. `network`, `broadcast`, `peer` and `0` are modifiers of an interface. */
export type Host = { readonly negated: boolean; readonly weight?: number } & (
  | { readonly kind: 'prefix'; readonly prefix: Prefix; readonly interface?: string }
  | { readonly kind: 'range'; readonly first: Prefix; readonly last: Prefix }
  | { readonly kind: 'table'; readonly name: string }
  | {
      /** An interface, a group, `self` or a host name: what it is, only the machine knows. */
      readonly kind: 'name';
      readonly name: string;
      readonly modifiers: readonly string[];
      readonly bits: number | null;
    }
  | {
      /** `(em0)`: the addresses the interface has at the time. */
      readonly kind: 'dynamic';
      readonly name: string;
      readonly modifiers: readonly string[];
      readonly bits: number | null;
    }
  | { readonly kind: 'no-route' }
  | { readonly kind: 'urpf-failed' }
  | { readonly kind: 'route'; readonly label: string }
);

/** `:` is a range with both ends in, `><` one without them, `<>` all outside. */
export type PortOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':' | '><' | '<>';

/** A port or range; ports are as written, by number or by name. */
export interface PortItem {
  readonly operator: PortOperator;
  readonly low: string;
  /** Only of the operators with two ends. */
  readonly high?: string;
}

/** One side of a connection; an empty list is any. */
export interface Peer {
  readonly hosts: readonly Host[];
  readonly ports: readonly PortItem[];
}

/** `log`, with what is in its brackets. `interface` is the number of pflogN. */
export interface LogSpec {
  readonly all: boolean;
  readonly matches: boolean;
  readonly user: boolean;
  readonly interface: number;
}

/** Where a translation goes: `port` is as written (`8025`, `1024:2048`, `8000:*`), null to leave it. */
export interface Pool {
  readonly hosts: readonly Host[];
  readonly port: string | null;
  /** round-robin, source-hash and the like, as written. */
  readonly options: readonly string[];
}

/** An option of a filter rule. Those of kind `plain` tell nothing of an SMTP connection's fate; their text is kept. */
export type RuleOption =
  | {
      readonly kind: 'nat-to' | 'rdr-to' | 'binat-to' | 'route-to' | 'reply-to' | 'dup-to';
      readonly pool: Pool;
    }
  | { readonly kind: 'af-to'; readonly family: Family; readonly from: Pool; readonly to: Pool | null }
  | { readonly kind: 'divert-to'; readonly host: Host | null; readonly port: string }
  | { readonly kind: 'divert-packet'; readonly port: string }
  | { readonly kind: 'flags'; readonly set: string; readonly mask: string | null }
  | { readonly kind: 'tag'; readonly name: string }
  | { readonly kind: 'tagged'; readonly negated: boolean; readonly name: string }
  | { readonly kind: 'received-on'; readonly item: InterfaceItem }
  | { readonly kind: 'probability'; readonly percent: number; readonly text: string }
  | { readonly kind: 'label'; readonly text: string }
  | { readonly kind: 'ridentifier'; readonly number: number }
  | { readonly kind: 'condition' | 'plain'; readonly keyword: string; readonly text: string };

/** What a rule of any kind compares a packet with. */
export interface Matcher {
  readonly position: Position;
  /** The number pfctl printed (`@12`); null where the text has none. */
  readonly number: number | null;
  readonly interfaces: readonly InterfaceItem[];
  readonly family: Family | null;
  readonly protocols: readonly string[];
  readonly source: Peer;
  readonly operatingSystems: readonly string[];
  readonly destination: Peer;
  readonly unknown: UnknownPart | null;
}

/** `pass`, `block` or `match`. */
export interface FilterRule extends Matcher {
  readonly kind: 'filter';
  readonly action: 'pass' | 'block' | 'match';
  /** `drop`, `return-rst(ttl 5)` and the like, as written; '' for the policy of `set block-policy`. */
  readonly blockPolicy: string;
  readonly direction: Direction | null;
  readonly log: LogSpec | null;
  readonly quick: boolean;
  readonly options: readonly RuleOption[];
}

/** `anchor`: a call of a ruleset of its own; the rules are null where the text does not have them. */
export interface AnchorRule extends Matcher {
  readonly kind: 'anchor';
  readonly name: string | null;
  readonly direction: Direction | null;
  readonly quick: boolean;
  readonly options: readonly RuleOption[];
  readonly body: readonly Statement[] | null;
  /** False where the file ends before the brace closes. */
  readonly closed: boolean;
}

export type TranslationType = 'nat' | 'rdr' | 'binat';

/** FreeBSD's `nat`, `rdr` and `binat`, with `no` in front or `-> pool` behind. */
export interface TranslationRule extends Matcher {
  readonly kind: 'translation';
  readonly type: TranslationType;
  readonly no: boolean;
  /** `rdr pass`: the filter rules are not asked. */
  readonly pass: boolean;
  readonly log: LogSpec | null;
  readonly options: readonly RuleOption[];
  readonly pool: Pool | null;
}

/** FreeBSD's `nat-anchor`, `rdr-anchor` and `binat-anchor`. */
export interface TranslationAnchor extends Matcher {
  readonly kind: 'translation-anchor';
  readonly type: TranslationType;
  readonly name: string;
  readonly options: readonly RuleOption[];
  readonly body: readonly Statement[] | null;
  readonly closed: boolean;
}

/** `antispoof`, which pfctl turns into block rules. */
export interface AntispoofRule {
  readonly kind: 'antispoof';
  readonly position: Position;
  readonly log: LogSpec | null;
  readonly quick: boolean;
  readonly interfaces: readonly { readonly name: string; readonly dynamic: boolean }[];
  readonly family: Family | null;
  readonly options: readonly RuleOption[];
}

/** `table <name>`. */
export interface TableStatement {
  readonly kind: 'table';
  readonly position: Position;
  readonly name: string;
  readonly flags: readonly ('const' | 'persist' | 'counters')[];
  /** The addresses in braces; null where there are no braces. */
  readonly hosts: readonly Host[] | null;
  readonly files: readonly string[];
}

/** Every statement; `other` is one that does not decide over connections, `unknown` one that is not understood. */
export type Statement =
  | FilterRule
  | AnchorRule
  | TranslationRule
  | TranslationAnchor
  | AntispoofRule
  | TableStatement
  | { readonly kind: 'macro'; readonly position: Position; readonly name: string; readonly value: string }
  | { readonly kind: 'skip'; readonly position: Position; readonly interfaces: readonly InterfaceItem[] }
  | {
      readonly kind: 'limit';
      readonly position: Position;
      readonly limits: readonly { readonly name: string; readonly value: number }[];
    }
  | { readonly kind: 'set'; readonly position: Position; readonly name: string; readonly text: string }
  | { readonly kind: 'other'; readonly position: Position; readonly keyword: string; readonly text: string }
  | {
      readonly kind: 'include';
      readonly position: Position;
      readonly path: string;
      readonly statements: readonly Statement[] | null;
    }
  | {
      readonly kind: 'load-anchor';
      readonly position: Position;
      readonly name: string;
      readonly path: string;
      readonly statements: readonly Statement[] | null;
    }
  | {
      readonly kind: 'unknown';
      readonly position: Position;
      readonly text: string;
    };
