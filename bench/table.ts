// How fast addresses get into the kernel's sets, and how long the event loop is kept meanwhile. Needs root and nft(8).
//
// Everything happens in a network namespace of its own: `node dist/bench/table.js`.

import { fileURLToPath } from 'node:url';
import type { WhiteEntry } from '../src/table/difference.js';
import { TableKeeper } from '../src/table/keeper.js';
import type { NftTable } from '../src/table/nft.js';
import { RemoteTable } from '../src/table/remote-table.js';
import type { Table, TableEntry } from '../src/table/table.js';
import type { TableReply } from '../src/table/table-command.js';
import { TableExecutor } from '../src/table/table-executor.js';
import { median } from './measure.js';
import {
  Kernel,
  LIFETIME_SECONDS,
  type Measurement,
  makeEntries,
  SET,
  SILENT,
  time,
} from './table-kernel.js';
import { measureReconcile } from './table-reconcile.js';

/** A first fill of a set against bare `nft -f` of the same list, alternating, as a ratio of medians. */
export async function measureFirstFill(kernel: Kernel, count = 100_000, rounds = 5): Promise<Measurement[]> {
  const entries = makeEntries(count);
  const elements = entries.map(({ address }) => `${address} timeout ${LIFETIME_SECONDS}s`).join(',\n');
  const script = `add element ${SET} { ${elements} }\n`;
  const bare: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < rounds; round++) {
    kernel.empty();
    bare.push(await time(() => kernel.nft(script)));
    kernel.empty();
    const { table } = kernel;
    ours.push(await time(() => table.add(entries)));
  }
  return [
    { name: `bare nft -f of ${count}`, value: median(bare), unit: 'ms' },
    { name: `first fill of ${count}`, value: median(ours), unit: 'ms' },
    { name: 'first fill against bare nft -f', value: median(ours) / median(bare), unit: 'times', aim: 1.5 },
  ];
}

/** A keeper on a table whose database has these entries. */
function makeKeeper(table: Table, white: ReadonlyMap<string, number>): TableKeeper {
  const source = async function* (): AsyncGenerator<WhiteEntry> {
    for (const [address, expire] of white) yield { address, expire };
  };
  return new TableKeeper({ table, source, log: SILENT });
}

/** Tells of each batch of additions to a table when it is in the kernel. */
function watchAdditions(table: Table, onAdded: (count: number) => void): Table {
  const add = async (entries: readonly TableEntry[]): Promise<void> => {
    await table.add(entries);
    onAdded(entries.length);
  };
  return new Proxy(table, {
    get(target, key) {
      if (key === 'add') return add;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** New addresses in one burst, from the first push until the last is in the kernel. */
export async function measureBurst(kernel: Kernel, count = 10_000): Promise<Measurement[]> {
  kernel.empty();
  let waiting = count;
  let done = (): void => undefined;
  const table = watchAdditions(kernel.table, added => {
    waiting -= added;
    if (waiting === 0) done();
  });
  const keeper = makeKeeper(table, new Map());
  await keeper.start();
  const expire = Date.now() / 1000 + LIFETIME_SECONDS;
  const entries = makeEntries(count);
  const value = await time(async () => {
    const all = new Promise<void>(resolve => {
      done = resolve;
    });
    for (const { address } of entries) keeper.push([{ address, expire }]);
    await all;
  });
  await keeper.stop();
  return [{ name: `${count} new addresses in one burst`, value, unit: 'ms', aim: 1000 }];
}

/** One element at a time by bare nft, to compare with: what the machine takes for a process and a transaction. */
export async function measureBareAddition(kernel: Kernel, count = 300): Promise<Measurement[]> {
  kernel.empty();
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const script = `add element ${SET} { 192.0.${i >> 8}.${i & 255} timeout 36d }\n`;
    times.push(await time(() => kernel.nftBeside(script)));
  }
  return percentiles('one element by bare nft', times);
}

function percentiles(name: string, times: readonly number[], aim?: number): Measurement[] {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return [
    { name: `${name}, p50`, value: at(0.5), unit: 'ms' },
    { name: `${name}, p99`, value: at(0.99), unit: 'ms', ...(aim !== undefined && { aim }) },
  ];
}

/** One new address at a time, from its push until it is in the kernel. */
export async function measurePush(
  kernel: Kernel,
  table: Table,
  how: string,
  count = 300,
): Promise<Measurement[]> {
  kernel.empty();
  let done = (): void => undefined;
  const watched = watchAdditions(table, () => done());
  const keeper = makeKeeper(watched, new Map());
  await keeper.start();
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const pushed = { address: `192.0.${i >> 8}.${i & 255}`, expire: Date.now() / 1000 + LIFETIME_SECONDS };
    const push = (): Promise<void> =>
      new Promise(resolve => {
        done = resolve;
        keeper.push([pushed]);
      });
    times.push(await time(push));
  }
  await keeper.stop();
  return percentiles(`one new address, ${how}`, times, 25);
}

/** The same table with a monitor in between: each command and reply is JSON text and comes round with the event loop. */
function throughMonitor(table: NftTable): RemoteTable {
  const executor = new TableExecutor([table]);
  return new RemoteTable({ index: 0, name: table.name, families: table.families }, async command => {
    await new Promise(setImmediate);
    const reply = await executor.execute(JSON.parse(JSON.stringify(command)));
    await new Promise(setImmediate);
    return JSON.parse(JSON.stringify(reply)) as TableReply;
  });
}

/** All measurements of tables, one after the other. */
export async function measureTables(): Promise<Measurement[]> {
  const kernel = new Kernel();
  try {
    const { table } = kernel;
    const remote = throughMonitor(table);
    return [
      ...(await measureFirstFill(kernel)),
      ...(await measureBurst(kernel)),
      ...(await measureBareAddition(kernel)),
      ...(await measurePush(kernel, table, 'directly')),
      ...(await measurePush(kernel, remote, 'by command')),
      ...(await measureReconcile(kernel, table, 'directly')),
      ...(await measureReconcile(kernel, remote, 'by command')),
    ];
  } finally {
    kernel.remove();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, value, unit, aim } of await measureTables()) {
    const verdict = aim === undefined ? '' : `  (aim: ${aim} at most${value <= aim ? '' : ', MISSED'})`;
    console.log(`${name.padEnd(60)} ${value.toFixed(2).padStart(9)} ${unit}${verdict}`);
  }
}
