// What the measurements of tables share: sets in a network namespace, entries, and figures.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { NftTable } from '../src/table/nft.js';
import { createRunner } from '../src/table/runner.js';
import type { TableEntry } from '../src/table/table.js';

/** A figure, and what it should be at most. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly aim?: number;
}

/** A keeper's log that nobody reads. */
export const SILENT = { info: () => undefined, warn: () => undefined };

export const LIFETIME_SECONDS: number = 36 * 86_400;
export const SET = 'inet bench w4';
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

/** That many different addresses. */
export function makeEntries(count: number): TableEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    lifetimeSeconds: LIFETIME_SECONDS,
  }));
}

/** How long something takes, in milliseconds. */
export async function time(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
