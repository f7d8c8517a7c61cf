// How long the event loop is kept while a table of many entries is filled from a real database, looked at and repaired.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { whiteSource } from '../src/daemon/white-source.js';
import { WorkerStore } from '../src/store/worker-store.js';
import { TableKeeper } from '../src/table/keeper.js';
import type { Table } from '../src/table/table.js';
import { median } from './measure.js';
import { longestStall } from './stall.js';
import {
  type Kernel,
  LIFETIME_SECONDS,
  type Measurement,
  makeEntries,
  SILENT,
  time,
} from './table-kernel.js';

/** White entries in a database that is there. */
function fillDatabase(path: string, count: number): void {
  const db = new Database(path);
  const now = Math.floor(Date.now() / 1000);
  const insert = db.prepare("INSERT INTO entries VALUES (?, '', '', '', ?, ?, ?, 1, 0)");
  db.transaction(() => {
    for (const { address } of makeEntries(count)) insert.run(address, now, now, now + LIFETIME_SECONDS);
  })();
  db.close();
}

/** The longest stall of the event loop while a table is filled from a database, looked at, and repaired after a flush. */
export async function measureReconcile(
  kernel: Kernel,
  table: Table,
  how: string,
  count = 100_000,
): Promise<Measurement[]> {
  kernel.empty();
  const folder = mkdtempSync(join(tmpdir(), 'spamlogd-bench-'));
  const path = join(folder, 'db');
  const store = WorkerStore.start(path, { canCreate: true, busyTimeoutMs: 30_000 });
  await store.opened();
  fillDatabase(path, count);
  const keeper = new TableKeeper({ table, source: whiteSource(() => store), log: SILENT });
  const filling = await longestStall(() => keeper.start());
  const stalls: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    stalls.push(await longestStall(async () => void times.push(await time(() => keeper.reconcile()))));
  }
  kernel.empty();
  const repairing = await longestStall(() => keeper.reconcile());
  await keeper.stop();
  await store.close();
  rmSync(folder, { recursive: true });
  return [
    { name: `look at ${count} entries, ${how}`, value: median(times), unit: 'ms' },
    { name: `longest stall while filling ${count}, ${how}`, value: filling, unit: 'ms', aim: 20 },
    {
      name: `longest stall while looking at ${count}, ${how}`,
      value: Math.max(...stalls),
      unit: 'ms',
      aim: 20,
    },
    { name: `longest stall while repairing ${count}, ${how}`, value: repairing, unit: 'ms', aim: 20 },
  ];
}
