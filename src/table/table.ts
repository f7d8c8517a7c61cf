// A firewall's table of addresses, whichever firewall it is: the interface that the drivers in this room keep.

import type { Entries, EntryList, TableEntry } from './entry-list.js';

export type { TableEntry };

/** Which addresses a table takes. */
export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** What {@link Table.probe} found out. */
export interface TableState {
  /** Whether the firewall forgets every entry by itself when its life is over. */
  readonly forgets: boolean;
  /** Most entries the table takes, where the firewall tells. */
  readonly capacity?: number;
  /** What is not wrong but will be, a sentence each. */
  readonly warnings: readonly string[];
}

/** What {@link Table.replace} needs to be told besides the entries. */
export interface ReplaceOptions {
  /** Replace even with nothing, which sends all mail back to greylisting. */
  readonly force?: boolean;
}

/** A change that {@link Table.dryRun} tries. */
export interface TableChange {
  readonly verb: 'add' | 'remove' | 'replace';
  readonly entries: Entries;
}

/**
 * A table of whitelisted addresses in a firewall, which the tarpit and the administrator may write to as well.
 *
 * Every method that changes something is one batch, and one transaction where the firewall has them. Addresses of a
 * family that the table does not take are left out. Errors are {@link TableError}s.
 */
export interface Table {
  /** As the administrator knows it, such as `pf table <spamd-white>`. */
  readonly name: string;
  readonly families: Families;
  /** Finds out whether the table is there, is of a kind we can fill, and may be changed. Cheap. */
  probe(): Promise<TableState>;
  /** All entries that can be named back to the firewall: addresses in its order, then prefixes and negated ones. */
  read(): Promise<EntryList>;
  /** Afterwards each of these is in the table with the life it was given, whether or not it was there before. */
  add(entries: Entries): Promise<void>;
  /** Afterwards none of these is in the table, whether or not it was; texts as {@link read} gives them. */
  remove(addresses: readonly string[]): Promise<void>;
  /**
   * Afterwards the table holds exactly these. Atomic for packets, but for pf lists above the platform's cap on one
   * request: those converge without ever emptying the table. Refuses an empty list unless forced.
   */
  replace(entries: Entries, options?: ReplaceOptions): Promise<void>;
  /** Has the firewall check a change without making it; fails as the change itself would, as far as it can tell. */
  dryRun(change: TableChange): Promise<void>;
  /**
   * A short text that is another one after the firewall's ruleset was changed; undefined where the firewall has none.
   * Cheap.
   */
  fingerprint(): Promise<string | undefined>;
}

/** What went wrong with a table, for a caller to choose an exit status or to try again. */
export const TABLE_ERROR_CODES = [
  /** The table, its set or its anchor is not there. */
  'missing',
  /** It is there, declared so that its entries cannot be changed. */
  'constant',
  /** It is there, of a kind that cannot hold single addresses of the right family. */
  'unsuitable',
  'full',
  /** More entries than the firewall takes in one request. */
  'too-many',
  'permission',
  /** The firewall's program did not end in time and was killed. */
  'timeout',
  /** The firewall or its program is not on this machine, or cannot be run. */
  'unavailable',
  /** An empty replacement that was not forced. */
  'empty',
  /** Something that is not an address of ours to push; nothing was run. */
  'refused',
  'failed',
] as const;

/** One of {@link TABLE_ERROR_CODES}. */
export type TableErrorCode = (typeof TABLE_ERROR_CODES)[number];

/** An error of a table; the message names the table, says what to do, and is fit to be shown as it is. */
export class TableError extends Error {
  readonly code: TableErrorCode;

  constructor(code: TableErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TableError';
    this.code = code;
  }
}

/** Whether an error says that a table takes no more entries. */
export function isFull(error: unknown): boolean {
  return error instanceof TableError && error.code === 'full';
}
