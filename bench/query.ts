// How long `query` of one address takes in a database of a million entries, against Node.js doing nothing at all.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatIpv4 } from '../src/address/address.js';
import { SqliteStore } from '../src/store/sqlite-store.js';
import { Batch, DIRECTION, FIELD } from '../src/whitelist/batch.js';

const ENTRIES = 1_000_000;
const RUNS = 15;
const BATCH = 100_000;
const WHITEEXP_SECONDS = 36 * 86_400;
/** An address of the database, about in the middle of those that were put in. */
const MIDDLE = 500_000;

/** Times of whole processes, in milliseconds. */
export interface Times {
  readonly min: number;
  readonly median: number;
}

/** What {@link benchQuery} measures. */
export interface QueryFigures {
  readonly bare: Times;
  readonly query: Times;
  /** How many times as long as the bare one, by the least and by the median. */
  readonly ratio: Times;
}

/** The address of an entry: no two the same, spread over the whole range. */
function addressWord(i: number): number {
  return Math.imul(i + 1, 0x9e3779b1) >>> 0;
}

/** Makes a database of so many entries, each with a sighting, all still white. */
export async function makeDatabase(path: string, entries: number): Promise<void> {
  const store = new SqliteStore(path, { canCreate: true });
  const now = Math.floor(Date.now() / 1000);
  for (let from = 0; from < entries; from += BATCH) {
    const words = new Uint32Array(Math.min(BATCH, entries - from) * FIELD.stride);
    for (let at = 0, i = from; at < words.length; at += FIELD.stride, i++) {
      const time = now - (i % 86_400);
      words.set([0, 0, 0xffff, addressWord(i), 1, time, time, 1, time, 1, 0, DIRECTION.in, 0], at);
    }
    const rule = { interface: 'em0', ruleset: '', rulenr: 7, subrulenr: null };
    await store.applyBatch(new Batch(words, [rule]), WHITEEXP_SECONDS);
  }
  await store.close();
}

function timeNode(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args);
  const milliseconds = performance.now() - start;
  if (status !== 0) throw new Error(`node ${args.join(' ')}: status ${status}\n${stderr}`);
  return milliseconds;
}

function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0]!, median: sorted[sorted.length >> 1]! };
}

/** Measures whole processes, by turns. */
export async function benchQuery(entries: number = ENTRIES, runs: number = RUNS): Promise<QueryFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'spamlogd-bench-'));
  try {
    const path = join(folder, 'spamd.sqlite');
    await makeDatabase(path, entries);
    const program = fileURLToPath(new URL('../src/cli.js', import.meta.url));
    const address = formatIpv4(addressWord(Math.min(MIDDLE, entries >> 1)));
    const bare: number[] = [];
    const query: number[] = [];
    for (let run = 0; run < runs; run++) {
      bare.push(timeNode(['-e', '0']));
      query.push(timeNode([program, 'query', '--database', path, address]));
    }
    const [a, b] = [timesOf(bare), timesOf(query)];
    return { bare: a, query: b, ratio: { min: b.min / a.min, median: b.median / a.median } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { bare, query, ratio } = await benchQuery();
  const row = (name: string, times: Times, unit: string, digits: number): string =>
    `${name.padEnd(28)} min ${times.min.toFixed(digits)}${unit}  median ${times.median.toFixed(digits)}${unit}`;
  console.log(row('node -e 0', bare, ' ms', 1));
  console.log(row(`query, ${ENTRIES.toLocaleString('en')} entries`, query, ' ms', 1));
  console.log(row('ratio (no more than 2)', ratio, '', 2));
}
