// Measures the live daemon over a veth pair into NFLOG: how soon a new address is in the database, how many a second
// without loss, memory, idle processor time. Needs root, nft and the package cap, which sends the SYNs.

import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { isEngineInstalled } from '../src/capture/capture-engines.js';
import { ENGINES, type EngineName } from '../src/capture/capture-messages.js';
import { type RunningDaemon, until } from '../test/integration/running-daemon.js';
import { noLab, type Program } from '../test/live/capture-lab.js';
import { type DaemonHost, onHost } from '../test/live/daemon-host.js';

const LATENCIES = 200;
const RATES = [5_000, 10_000, 20_000, 40_000];
const RATE_SECONDS = 5;
const SUSTAINED = { perSecond: 20_000, seconds: 30 };
const MANY = 1_000_000;
/** How often as many addresses are seen; from the second time on nothing is new. */
const ROUNDS = 3;
const IDLE_SECONDS = 20;
/** V8 tidies up for that long after the start. */
const SETTLE_MS = 40_000;
const FIRST_ADDRESS = 0x0a000001;

let nextAddress = FIRST_ADDRESS;

function takeAddresses(count: number): number {
  const first = nextAddress;
  nextAddress += count;
  return first;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const pause = (milliseconds: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** From the SYN's sending to the moment when another connection sees its committed row, in ms, sorted. */
async function measureLatencies(host: DaemonHost, generator: Program): Promise<number[]> {
  const db = new Database(host.folder.database, { readonly: true });
  const find = db.prepare('SELECT 1 FROM entries WHERE ip = ?');
  const latencies: number[] = [];
  for (let i = 0; i < LATENCIES; i++) {
    const address = takeAddresses(1);
    const text = [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.');
    generator.say(`1 ${address} 0`);
    const deadline = performance.now() + 2000;
    while (find.get(text) === undefined && performance.now() < deadline) pause(0.2);
    const seen = process.hrtime.bigint();
    const [, , , clock] = (await generator.next(/^sent/)).split(' ');
    latencies.push(Number(seen - BigInt(clock!)) / 1e6);
    await setTimeout(10);
  }
  db.close();
  return latencies.sort((a, b) => a - b);
}

/** Sends fresh addresses at a rate; how many never reached the database, and how fast they were really sent. */
async function measureLoss(host: DaemonHost, generator: Program, perSecond: number, count: number) {
  const before = host.folder.status().database.writtenSightings;
  generator.say(`${count} ${takeAddresses(count)} ${perSecond}`);
  const [, , milliseconds] = (await generator.next(/^sent/, 180)).split(' ');
  const sentPerSecond = (count / Number(milliseconds)) * 1000;
  const end = performance.now();
  const written = (): number => host.folder.status().database.writtenSightings - before;
  let last = -1;
  for (let now = written(); now < count && now !== last; now = written()) {
    last = now;
    await setTimeout(1000);
  }
  return { lost: count - written(), sentPerSecond, behindSeconds: (performance.now() - end) / 1000 };
}

/** What is resident of all processes together, in MiB. */
interface Memory {
  /** Pages that several have are counted once. */
  readonly pss: number;
  /** Those of Node.js itself, for instance, are counted for each of them. */
  readonly rss: number;
}

function measureMemory(host: DaemonHost, daemon: RunningDaemon): Memory {
  const pids = [daemon.pid, ...host.descendants(daemon.pid).map(({ pid }) => pid)];
  const sum = (name: string): number => {
    const kibi = pids.map(pid => {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)![1]);
    });
    return kibi.reduce((total, value) => total + value) / 1024;
  };
  return { pss: sum('Pss'), rss: sum('Rss') };
}

const describeMemory = ({ pss, rss }: Memory): string =>
  `${pss.toFixed(0)} MiB together (sum of RSS ${rss.toFixed(0)} MiB)`;

const describeGrowth = (before: Memory, after: Memory): string =>
  `${(after.pss - before.pss).toFixed(1)} MiB (sum of RSS ${(after.rss - before.rss).toFixed(1)} MiB)`;

/** Has the same addresses seen again and again: what is resident after each round, and what the last one adds. */
async function measureRounds(host: DaemonHost, daemon: RunningDaemon, generator: Program): Promise<void> {
  const memories: Memory[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    // What was measured before has seen the first of them.
    if (round > 1) nextAddress = FIRST_ADDRESS;
    const count = FIRST_ADDRESS + MANY - nextAddress;
    const { lost } = count > 0 ? await measureLoss(host, generator, SUSTAINED.perSecond, count) : { lost: 0 };
    const { added, refreshed } = host.folder.status().database;
    const memory = measureMemory(host, daemon);
    memories.push(memory);
    print(
      `memory: ${describeMemory(memory)} after round ${round} of ${MANY} addresses: ${added} added, ${refreshed} refreshed so far, ${lost} lost in it`,
    );
  }
  const [before, after] = memories.slice(-2) as [Memory, Memory];
  print(`memory: growth from round ${ROUNDS - 1} to ${ROUNDS}: ${describeGrowth(before, after)}`);
}

/** Processor time of all processes so far, in seconds; the kernel counts in hundredths. */
function processorSeconds(host: DaemonHost, daemon: RunningDaemon): number {
  const pids = [daemon.pid, ...host.descendants(daemon.pid).map(({ pid }) => pid)];
  const ticks = pids.map(pid => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, value) => sum + value) / 100;
}

/** Packets that the kernel has dropped for a process's netlink sockets (proc(5)'s table, protocol NETLINK_NETFILTER). */
function netfilterDrops(pid: number): number {
  const rows = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').split('\n').slice(1);
  const fields = rows.map(row => row.trim().split(/\s+/));
  return fields.filter(([, protocol]) => protocol === '12').reduce((sum, row) => sum + Number(row[8]), 0);
}

/** What tcpdump, which writes nothing, loses of the same SYNs from the same source. */
async function measureTcpdump(): Promise<void> {
  await onHost(async host => {
    const tcpdump = host.lab.start(host.lab.mx, ['tcpdump', '-i', 'nflog:155,255', '-w', '/dev/null']);
    const pid = tcpdump.process.pid!;
    const generator = await host.generator();
    await until(() => /\b155\b/.test(readFileSync(`/proc/${pid}/net/netfilter/nfnetlink_log`, 'utf8')));
    for (const rate of RATES) {
      const count = rate * RATE_SECONDS;
      const before = netfilterDrops(pid);
      generator.say(`${count} ${takeAddresses(count)} ${rate}`);
      const [, , milliseconds] = (await generator.next(/^sent/, 180)).split(' ');
      await setTimeout(1000);
      const perSecond = ((count / Number(milliseconds)) * 1000).toFixed(0);
      print(`tcpdump -w /dev/null: ${count} SYNs at ${perSecond}/s: ${netfilterDrops(pid) - before} lost`);
    }
  });
}

async function measure(engine: EngineName, isThorough: boolean): Promise<void> {
  await onHost(async host => {
    const daemon = host.start(engine, '--log-level', 'warn');
    await until(() => {
      try {
        return host.folder.status().capture.state === 'capturing';
      } catch {
        return false;
      }
    });
    const generator = await host.generator();
    await setTimeout(SETTLE_MS);
    const idleFrom = processorSeconds(host, daemon);
    await setTimeout(IDLE_SECONDS * 1000);
    const idle = ((processorSeconds(host, daemon) - idleFrom) / IDLE_SECONDS) * 100;
    print(
      `${engine}: idle ${idle.toFixed(2)} % of a processor, ${describeMemory(measureMemory(host, daemon))}`,
    );

    const latencies = await measureLatencies(host, generator);
    const at = (share: number): string => latencies[Math.floor(latencies.length * share)]!.toFixed(2);
    print(`${engine}: SYN to committed row: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${LATENCIES} SYNs`);

    const runs = RATES.map(rate => [rate, rate * RATE_SECONDS] as const);
    if (isThorough) runs.push([SUSTAINED.perSecond, SUSTAINED.perSecond * SUSTAINED.seconds]);
    for (const [rate, count] of runs) {
      const { lost, sentPerSecond, behindSeconds } = await measureLoss(host, generator, rate, count);
      print(
        `${engine}: ${count} new addresses at ${sentPerSecond.toFixed(0)}/s: ${lost} lost, written ${behindSeconds.toFixed(1)} s after the last`,
      );
    }
    if (isThorough) await measureRounds(host, daemon, generator);
  });
}

if (noLab || !isEngineInstalled('cap')) {
  print(`cannot run here: ${noLab || 'cap is not installed'}`);
} else {
  const wanted = process.argv[2];
  for (const engine of ENGINES) {
    if (wanted !== undefined && wanted !== engine) continue;
    nextAddress = FIRST_ADDRESS;
    await measure(engine, engine === 'pcap');
  }
  if (wanted === undefined || wanted === 'baseline') await measureTcpdump();
}
