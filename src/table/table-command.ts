// What the unprivileged side may ask of the privileged one about tables: a closed set of commands, as plain JSON.

import { TABLE_ERROR_CODES, type TableEntry, type TableErrorCode, type TableState } from './table.js';
import { isCanonicalAddress, isLifetime, isTableItem } from './table-entry.js';

/** Most entries in one command or reply: a fraction of a slice's work to serialise, check and parse. */
export const CHUNK_ENTRIES = 1024;

/** Most entries in one list; more than any firewall holds by default, and a bound on what the other side keeps. */
export const LIST_ENTRIES = 4_000_000;

/** What a list of entries is for. */
export type ListVerb = 'add' | 'remove' | 'replace' | 'dry-run-add' | 'dry-run-remove' | 'dry-run-replace';

const LIST_VERBS: readonly ListVerb[] = [
  'add',
  'remove',
  'replace',
  'dry-run-add',
  'dry-run-remove',
  'dry-run-replace',
];

/** Asks about a table; `table` is an index into the configured ones. */
export interface QueryCommand {
  readonly verb: 'probe' | 'fingerprint';
  readonly table: number;
}

/** Asks for entries from number `from` on; 0 reads the table anew, anything else goes on with what was read then. */
export interface ReadCommand {
  readonly verb: 'read';
  readonly table: number;
  readonly from: number;
}

/** Entries number `from` and following of a list of `total`; the last of them has the list acted upon. */
export interface ListCommand {
  readonly verb: ListVerb;
  readonly table: number;
  readonly from: number;
  readonly total: number;
  readonly entries: readonly TableEntry[];
  /** For `replace`: even with nothing. */
  readonly force?: boolean;
}

/** One request. */
export type TableCommand = QueryCommand | ReadCommand | ListCommand;

/** What a request was answered, in the shape that its verb has. */
export type TableReply =
  | { readonly ok: true; readonly state: TableState }
  | { readonly ok: true; readonly fingerprint: string | null }
  | { readonly ok: true; readonly entries: readonly TableEntry[]; readonly total: number }
  | { readonly ok: true }
  | { readonly ok: false; readonly code: TableErrorCode; readonly message: string };

/**
 * The command that a value from the other side is, or why it is none. Nothing about the value is taken for granted: each
 * address is parsed anew, since pfctl and nft would resolve what is not one.
 */
export function parseTableCommand(value: unknown, tableCount: number): TableCommand | string {
  if (!isObject(value)) return 'not an object';
  const { verb, table } = value;
  if (!isIndex(table, tableCount)) return 'no table of that number is configured';
  if (verb === 'probe' || verb === 'fingerprint') return { verb, table };
  if (verb === 'read') {
    const { from } = value;
    return isIndex(from, LIST_ENTRIES) ? { verb, table, from } : 'from is not a number of an entry';
  }
  const listVerb = LIST_VERBS.find(one => one === verb);
  return listVerb === undefined ? 'no such verb' : parseList(listVerb, table, value);
}

function parseList(verb: ListVerb, table: number, value: Record<string, unknown>): ListCommand | string {
  const { from, total, entries, force } = value;
  if (!isIndex(total, LIST_ENTRIES + 1)) return 'total is not a length of a list';
  if (!isIndex(from, LIST_ENTRIES)) return 'from is not a number of an entry';
  if (!Array.isArray(entries) || entries.length > CHUNK_ENTRIES)
    return 'entries is not a list of bounded length';
  if (from + entries.length > total) return 'more entries than the list has';
  if (entries.length === 0 && total > 0) return 'no entries of a list that has some';
  if (force !== undefined && typeof force !== 'boolean') return 'force is not a boolean';
  const isFit = verb === 'remove' || verb === 'dry-run-remove' ? isTableItem : isCanonicalAddress;
  const parsed: TableEntry[] = [];
  for (const entry of entries) {
    if (!isObject(entry) || typeof entry['address'] !== 'string') return 'an entry has no address';
    const { address, lifetimeSeconds } = entry;
    if (address.length > MAX_ITEM_CHARS || !isFit(address)) return 'an entry is not of a table';
    if (lifetimeSeconds !== undefined && !isLifetime(lifetimeSeconds)) return 'an entry has no possible life';
    parsed.push(lifetimeSeconds === undefined ? { address } : { address, lifetimeSeconds });
  }
  return { verb, table, from, total, entries: parsed, ...(force !== undefined && { force }) };
}

/** A negated prefix of IPv6 with an IPv4 address at its end. */
const MAX_ITEM_CHARS = 64;

/** Whether the value is an error code that the other side may send. */
export function isTableErrorCode(value: unknown): value is TableErrorCode {
  return (TABLE_ERROR_CODES as readonly unknown[]).includes(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown, below: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < below;
}
