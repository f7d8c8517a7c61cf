// table: shows the firewall's tables, compares them with the database, brings them in line with it.

import { openDatabase } from '../daemon/open-database.js';
import {
  compareWithDatabase,
  openTables,
  type PushOptions,
  pushTable,
  type TableReport,
} from '../daemon/push-tables.js';
import { whiteSource } from '../daemon/white-source.js';
import { unknownName } from '../options/nearest.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import type { Table } from '../table/table.js';
import type { Context } from './command.js';
import { eachTable } from './each-table.js';
import { EXIT } from './exit-status.js';
import { formatDuration, formatNumber } from './format.js';
import type { Output } from './output.js';

const VERBS = ['show', 'diff', 'push'] as const;

/** Runs the command; `diff` ends with status 1 when a table differs and none fails. @throws {StoreError} */
export async function run({ settings, operands, output, warn }: Context): Promise<number> {
  const verb = VERBS.find(one => one === operands[0]);
  if (verb === undefined) throw new UsageError(unknownName('operand', operands[0]!, VERBS));
  if (settings.table.length === 0) throw new UsageError(`"table ${verb}" needs --table`);
  const tables = await openTables(settings);
  if (verb === 'show') {
    return eachTable(tables, { output, warn }, table => show(table, settings, output));
  }
  const store = await openDatabase(settings, { isReadOnly: true }, { warn });
  let differs = false;
  let status: number;
  try {
    const source = whiteSource(() => store);
    const now = Date.now() / 1000;
    const options = pushOptions(settings, warn);
    status = await eachTable(tables, { output, warn }, async table => {
      const report =
        verb === 'diff'
          ? await compareWithDatabase(table, source, now, options.warn)
          : await pushTable(table, source, now, options);
      differs ||= report.missing.length + report.fading.length + report.surplus.length > 0;
      if (settings.json) await output.line(JSON.stringify(report));
      else if (verb === 'diff') await describeDifference(report, output);
      else await output.line(describePush(report, settings));
    });
  } finally {
    await store.close();
  }
  if (status === EXIT.ok && verb === 'diff' && differs) return EXIT.nothing;
  return status;
}

/** What the settings say of pushing. */
export function pushOptions(settings: Settings, warn: Context['warn']): PushOptions {
  return {
    isOwner: settings['table-owner'],
    force: settings.force,
    isDryRun: settings['dry-run'],
    warn: text => warn(`warning: ${text}`),
  };
}

async function show(table: Table, settings: Settings, output: Output): Promise<void> {
  for (const { address, lifetimeSeconds } of await table.read()) {
    if (settings.json) await output.line(JSON.stringify({ table: table.name, address, lifetimeSeconds }));
    else
      await output.line(
        lifetimeSeconds === undefined ? address : `${address}  ${formatDuration(lifetimeSeconds)} left`,
      );
  }
}

async function describeDifference(report: TableReport, output: Output): Promise<void> {
  for (const { address } of report.missing) await output.line(`+ ${address}`);
  for (const { address } of report.fading) await output.line(`~ ${address}`);
  for (const { address } of report.surplus) await output.line(`- ${address}`);
  const { table, held, white, missing, fading, surplus } = report;
  const counts = [
    `${formatNumber(held)} in it`,
    `${formatNumber(white)} white`,
    `${formatNumber(missing.length)} missing`,
  ];
  if (fading.length > 0) counts.push(`${formatNumber(fading.length)} forgotten too soon`);
  await output.line(`${table}: ${counts.join(', ')}, ${formatNumber(surplus.length)} not white`);
}

/** One line on what was pushed. */
export function describePush({ table, missing, fading, surplus }: TableReport, settings: Settings): string {
  const would = settings['dry-run'] ? 'would be ' : '';
  const removed = settings['table-owner'] ? surplus.length : 0;
  return `${table}: ${would}${formatNumber(missing.length)} added, ${formatNumber(fading.length)} refreshed, ${formatNumber(removed)} removed`;
}
