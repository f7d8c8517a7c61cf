// What a check is told besides the rules.

import type { InterfaceInfo } from '../environment.js';
import type { LogPolicy } from '../evaluate/effect.js';

/** Which table, or set, is for what. */
export interface TableNames {
  /** Tables that the whitelist is pushed to. */
  readonly whiteTables: readonly string[];
  /** Tables of hosts that never go to the tarpit. */
  readonly nospamdTables: readonly string[];
  /** Tables of hosts that always go there. */
  readonly blackTables: readonly string[];
}

/** Names and addresses of a mail setup; what is absent is taken from the rules. */
export interface CheckOptions extends TableNames {
  readonly policy: LogPolicy;
  readonly outsideInterface?: string;
  readonly insideInterface?: string;
  /** Addresses of the mail server as senders see them. */
  readonly mailServers?: readonly string[];
  /** All interfaces, where the machine was asked. */
  readonly interfaces?: readonly InterfaceInfo[];
  readonly services?: ReadonlyMap<string, number>;
  /** How many addresses the whitelist has. */
  readonly whiteEntries?: number;
  /** How many addresses pf takes in all tables; otherwise what the rules set, or pf's default. */
  readonly tableLimit?: number;
}

/** The table names that spamd(8) uses. */
export const DEFAULT_TABLES = {
  whiteTables: ['spamd-white'],
  nospamdTables: ['nospamd'],
  blackTables: ['spamd'],
} as const;
