// Brings tables in line with a database once, for commands.

import type { Settings } from '../options/table.js';
import type { Times } from '../table/address-times.js';
import {
  compareTable,
  describeOdd,
  readWhiteList,
  type WhiteSource,
  whiteEntry,
} from '../table/difference.js';
import { EntryList } from '../table/entry-list.js';
import { openTable } from '../table/open-table.js';
import { isFull, type Table, type TableEntry, TableError } from '../table/table.js';
import { isIpv6Item, refuseEmpty } from '../table/table-entry.js';
import { openRunner } from './firewall-runner.js';

/** How a table differs from the database. */
export interface TableReport {
  readonly table: string;
  /** Entries in the table. */
  readonly held: number;
  /** White addresses that the table takes. */
  readonly white: number;
  /** White and not in the table, or about to be forgotten by it too soon. */
  readonly missing: readonly TableEntry[];
  readonly fading: readonly TableEntry[];
  /** In the table and not white. */
  readonly surplus: readonly TableEntry[];
}

/** What {@link pushTable} may do. */
export interface PushOptions {
  /** Take out what is not white: the table is ours alone. */
  readonly isOwner: boolean;
  /** Even if that leaves nothing. */
  readonly force: boolean;
  /** Have the firewall check the change, and make none. */
  readonly isDryRun: boolean;
  readonly warn: TableWarning;
}

/** Opens the tables that the settings name. @throws {UsageError} */
export async function openTables(settings: Pick<Settings, 'table' | 'pf-fd'>): Promise<Table[]> {
  const runner = openRunner(settings);
  return Promise.all(settings.table.map(spec => openTable(spec, runner)));
}

/** Is told what is not wrong with a table but will be, a sentence each. */
export type TableWarning = (text: string) => void;

/** Compares a table with what is white. @throws {TableError} @throws {StoreError} */
export async function compareWithDatabase(
  table: Table,
  source: WhiteSource,
  now: number,
  warn: TableWarning,
): Promise<TableReport> {
  return (await compare(table, source, now, warn)).report;
}

/** Makes the table hold what is white. @throws {TableError} also for a table that would be emptied without force */
export async function pushTable(
  table: Table,
  source: WhiteSource,
  now: number,
  { isOwner, force, isDryRun, warn }: PushOptions,
): Promise<TableReport> {
  const { report, kept, expires } = await compare(table, source, now, warn);
  const white = whiteEntries(expires, now);
  const added = [...report.missing, ...report.fading];
  const surplus = isOwner ? [...report.surplus] : [];
  if (report.white === 0 && surplus.length > 0) refuseEmpty(table.name, added, { force });
  if (isDryRun) await tryChange(table, added, surplus, white);
  else if (surplus.length > 0 && (report.white === 0 || (added.length > 0 && isEmptiedBy(surplus, kept))))
    await replaceAll(table, surplus, white);
  else await change(table, added, surplus);
  return report;
}

/** A comparison, and what it was made of. */
interface Comparison {
  readonly report: TableReport;
  /** White addresses that the table holds. */
  readonly kept: Times;
  /** When all that is white ends. */
  readonly expires: Times;
}

async function compare(
  table: Table,
  source: WhiteSource,
  now: number,
  warn: TableWarning,
): Promise<Comparison> {
  const { warnings } = await table.probe();
  const contents = await table.read();
  const list = await readWhiteList(source, table.families, now);
  for (const warning of [...warnings, ...describeOdd(list)]) warn(warning);
  const { missing, fading, surplus, ends } = await compareTable(contents, list.expires, now);
  const report = {
    table: table.name,
    held: contents.length,
    white: list.expires.size,
    missing: [...missing],
    fading: [...fading],
    surplus: [...surplus],
  };
  return { report, kept: ends, expires: list.expires };
}

function whiteEntries(expires: Times, now: number): EntryList {
  const white = new EntryList();
  for (const [address, expire] of expires) {
    const entry = whiteEntry(address, expire, now);
    if (entry !== undefined) white.add(entry);
  }
  return white;
}

/** Whether nothing of a family that the table has entries of would be left. */
function isEmptiedBy(surplus: readonly TableEntry[], kept: Times): boolean {
  const isLeft = { 4: false, 6: false };
  for (const [address] of kept) isLeft[familyOf(address)] = true;
  return surplus.some(({ address }) => !isLeft[familyOf(address)]);
}

function familyOf(item: string): 4 | 6 {
  return isIpv6Item(item) ? 6 : 4;
}

/** Takes out first: a table that is full has no room before that. */
async function change(
  table: Table,
  added: readonly TableEntry[],
  surplus: readonly TableEntry[],
): Promise<void> {
  if (surplus.length > 0) await table.remove(surplus.map(entry => entry.address));
  if (added.length > 0) await table.add(added);
}

/** In one step, so that the table is never without an entry; in two where the firewall has no room for both lists. */
async function replaceAll(table: Table, surplus: readonly TableEntry[], white: EntryList): Promise<void> {
  try {
    // An empty list was refused before, or forced.
    await table.replace(white, { force: true });
  } catch (error) {
    if (!isFull(error)) throw error;
    await change(table, [...white], surplus);
  }
}

/** Has the firewall try it as one replacement where it is both: what is put in may need the room of what is taken out. */
async function tryChange(
  table: Table,
  added: readonly TableEntry[],
  surplus: readonly TableEntry[],
  white: EntryList,
): Promise<void> {
  if (added.length > 0 && surplus.length > 0) {
    try {
      return await table.dryRun({ verb: 'replace', entries: white });
    } catch (error) {
      // The change itself goes in smaller requests.
      if (!(error instanceof TableError && error.code === 'too-many')) throw error;
    }
  }
  if (added.length > 0) await table.dryRun({ verb: 'add', entries: added });
  if (surplus.length > 0) await table.dryRun({ verb: 'remove', entries: surplus });
}
