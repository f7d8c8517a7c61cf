// replay against tcpdump's filtering alone, on the same capture in the same run.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatePflog } from './generate-pflog.js';
import { describe, median, type Run, run } from './measure.js';

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url));
const FILTER = 'ip and port 25 and action pass and tcp[13]&0x12=0x2';
const ADDRESSES = 50_000;
const ROUNDS = 9;

async function replay(capture: string, folder: string): Promise<Run> {
  const database = join(folder, 'bench.sqlite');
  for (const suffix of ['', '-wal', '-shm']) rmSync(database + suffix, { force: true });
  const result = await run(process.execPath, [CLI, 'replay', '--database', database, capture]);
  if (result.status !== 0) throw new Error(`replay ended with status ${result.status}`);
  return result;
}

const folder = mkdtempSync(join(tmpdir(), 'spamlogd-bench-'));
try {
  const large = join(folder, '5m.pcap');
  const small = join(folder, '1m.pcap');
  console.log('replay: generating captures of 5,000,000 and 1,000,000 records');
  generatePflog(large, 5_000_000, ADDRESSES);
  generatePflog(small, 1_000_000, ADDRESSES);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  // The first round only warms the page cache.
  for (let round = 0; round <= ROUNDS; round++) {
    const tcpdump = await run('tcpdump', ['-nr', large, '-w', '/dev/null', FILTER]);
    const replayed = await replay(large, folder);
    if (round === 0) continue;
    theirs.push(tcpdump);
    ours.push(replayed);
  }
  const smallRun = await replay(small, folder);
  const seconds = (runs: readonly Run[]): number[] => runs.map(one => one.seconds);
  const ratio = median(seconds(ours)) / median(seconds(theirs));
  const leastRatio = Math.min(...seconds(ours)) / Math.min(...seconds(theirs));
  console.log(`  tcpdump -w /dev/null FILTER    ${describe(seconds(theirs))}`);
  console.log(`  spamlogd replay, committed     ${describe(seconds(ours))}`);
  console.log(
    `  ratio                          ${ratio.toFixed(2)} of medians, ${leastRatio.toFixed(2)} of the least (at most 1; aim 0.7)`,
  );
  const peak = Math.max(...ours.map(one => one.peakMib));
  console.log(
    `  peak memory                    ${peak.toFixed(0)} MiB for 5M records, ${smallRun.peakMib.toFixed(0)} MiB for 1M (at most 150)`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
