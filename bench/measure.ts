// Runs whole commands and tells what they took.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a command took. */
export interface Run {
  readonly seconds: number;
  /** Peak resident memory in MiB; 0 where /proc does not tell. */
  readonly peakMib: number;
  readonly status: number | null;
}

/** Runs a command to its end, its output thrown away. */
export function run(file: string, args: readonly string[]): Promise<Run> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore'] });
    let peakMib = 0;
    const look = (): void => {
      peakMib = Math.max(peakMib, peakOf(child.pid));
    };
    const timer = setInterval(look, 10);
    child.once('error', reject);
    child.once('exit', status => {
      clearInterval(timer);
      resolve({ seconds: (performance.now() - start) / 1000, peakMib, status });
    });
  });
}

function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median and least of the values, in milliseconds. */
export function describe(seconds: readonly number[]): string {
  const ms = (value: number): string => `${(value * 1000).toFixed(0)} ms`;
  return `median ${ms(median(seconds))}, least ${ms(Math.min(...seconds))}`;
}
