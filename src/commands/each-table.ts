// Works on one table after the other: one that fails keeps none of the others from its turn.

import type { Table } from '../table/table.js';
import type { Context } from './command.js';
import { EXIT, exitStatus } from './exit-status.js';

/**
 * Does the work on every table; gives the status of the first failure, or 0. Each failure is one line that names the
 * table. Errors that are not a table's end it: they would meet the next one as well.
 */
export async function eachTable(
  tables: readonly Table[],
  { output, warn }: Pick<Context, 'output' | 'warn'>,
  work: (table: Table) => Promise<void>,
): Promise<number> {
  let status: number = EXIT.ok;
  for (const table of tables) {
    try {
      await work(table);
    } catch (error) {
      const { name, message } = error as Error;
      if (name !== 'TableError') throw error;
      // What was found of the tables before comes first.
      await output.flush();
      warn(message.includes(table.name) ? message : `${table.name}: ${message}`);
      status ||= exitStatus(error)!;
    }
  }
  return status;
}
