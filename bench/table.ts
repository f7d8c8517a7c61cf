// How fast addresses get into the kernel's sets, and how long the event loop is kept meanwhile. Needs root and nft(8).
//
// Everything happens in a network namespace of its own: `node dist/bench/table.js`.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { startDatabase } from '../src/daemon/open-database.js';
import { whiteSource } from '../src/daemon/white-source.js';
import type { WhiteEntry } from '../src/table/difference.js';
import { TableKeeper } from '../src/table/keeper.js';
import { NftTable } from '../src/table/nft.js';
import { RemoteTable } from '../src/table/remote-table.js';
import { createRunner } from '../src/table/runner.js';
import type { Table, TableEntry } from '../src/table/table.js';
import type { TableReply } from '../src/table/table-command.js';
import { TableExecutor } from '../src/table/table-executor.js';
import { longestStall } from './stall.js';

/** A figure, and what it should be at most. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly aim?: number;
}

const LIFETIME_SECONDS = 36 * 86_400;
const SET = 'inet bench w4';
const DECLARATION = `table inet bench {
  set w4 { type ipv4_addr; flags timeout; }
  set w6 { type ipv6_addr; flags timeout; }
}\n`;

/** A namespace with empty sets, and a table on them. */
export class Kernel {
  readonly #namespace = `spamlogd-bench-${process.pid}`;

  constructor() {
    run('ip', ['netns', 'add', this.#namespace]);
    this.nft(DECLARATION);
  }

  nft(script: string): void {
    const [program, ...args] = this.#inside;
    run(program, [...args, 'nft', '-f', '-'], script);
  }

  /** What makes a program run in the namespace; `ip netns exec` would take longer than nft itself. */
  get #inside(): readonly [string, string] {
    return ['nsenter', `--net=/run/netns/${this.#namespace}`];
  }

  /** As {@link nft}, with the event loop going on. */
  async nftBeside(script: string): Promise<void> {
    const [program, ...args] = this.#inside;
    const child = spawn(program, [...args, 'nft', '-f', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
    child.stdin.end(script);
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`nft ended with status ${status}`);
  }

  empty(): void {
    this.nft(`flush set ${SET}\nflush set inet bench w6\n`);
  }

  get table(): NftTable {
    const command = [...this.#inside, 'nft'] as const;
    const spec = { kind: 'nft', family: 'inet', table: 'bench', set4: 'w4', set6: 'w6' } as const;
    return new NftTable(spec, createRunner({ commands: { nft: command } }));
  }

  remove(): void {
    run('ip', ['netns', 'del', this.#namespace]);
  }
}

function run(program: string, args: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}: ${stderr.trim()}`);
}

function makeEntries(count: number): TableEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    lifetimeSeconds: LIFETIME_SECONDS,
  }));
}

async function time(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

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

const SILENT = { info: () => undefined, warn: () => undefined };

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
  const store = await startDatabase(path, { canCreate: true, busyTimeoutMs: 30_000 });
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
