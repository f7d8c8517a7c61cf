// Brings tables in line with a database once, for commands.

import { compareTable, readWhiteList, type WhiteSource } from '../table/difference.js';
import { openTable } from '../table/open-table.js';
import { createRunner } from '../table/runner.js';
import type { Table, TableEntry } from '../table/table.js';
import { refuseEmpty } from '../table/table-entry.js';
import type { TableSpec } from '../table/table-spec.js';

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
}

/** Opens the tables that a configuration names. */
export function openTables(specs: readonly TableSpec[]): Promise<Table[]> {
  const runner = createRunner();
  return Promise.all(specs.map(spec => openTable(spec, runner)));
}

/** Compares a table with what is white. @throws {TableError} @throws {StoreError} */
export async function compareWithDatabase(
  table: Table,
  source: WhiteSource,
  now: number,
): Promise<TableReport> {
  await table.probe();
  const contents = await table.read();
  const { expires } = await readWhiteList(source, table.families, now);
  const { missing, fading, surplus } = await compareTable(contents, expires, now);
  return {
    table: table.name,
    held: contents.length,
    white: expires.size,
    missing: [...missing],
    fading: [...fading],
    surplus: [...surplus],
  };
}

/** Makes the table hold what is white. @throws {TableError} also for a table that would be emptied without force */
export async function pushTable(
  table: Table,
  source: WhiteSource,
  now: number,
  { isOwner, force, isDryRun }: PushOptions,
): Promise<TableReport> {
  const report = await compareWithDatabase(table, source, now);
  const entries = [...report.missing, ...report.fading];
  const surplus = isOwner ? report.surplus.map(entry => entry.address) : [];
  const isEmptied = report.white === 0 && surplus.length > 0;
  if (isEmptied) refuseEmpty(table.name, entries, { force });
  if (isDryRun) {
    if (entries.length > 0) await table.dryRun({ verb: 'add', entries });
    if (surplus.length > 0) {
      await table.dryRun({ verb: 'remove', entries: surplus.map(address => ({ address })) });
    }
    return report;
  }
  if (isEmptied) await table.replace([], { force });
  if (entries.length > 0) await table.add(entries);
  if (surplus.length > 0 && !isEmptied) await table.remove(surplus);
  return report;
}
