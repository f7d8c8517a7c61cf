// A daemon on the lab's mail host.

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Folder, type RunningDaemon } from '../integration/running-daemon.js';
import { fileOf, Lab, type Program } from './capture-lab.js';

/** What proc(5) tells of a process. */
export interface ProcessStatus {
  readonly pid: number;
  readonly name: string;
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  readonly capabilities: string;
}

const NOBODY = 65_534;

/** A lab, a folder, and what runs in them. */
export class DaemonHost {
  readonly lab: Lab = new Lab();
  readonly folder: Folder = new Folder({ uid: NOBODY, gid: NOBODY });

  /** A daemon as root on mx; `nobody` is whom it becomes. */
  start(engine: string, ...args: string[]): RunningDaemon {
    const inside = ['ip', 'netns', 'exec', this.lab.mx];
    return this.folder.startAsRoot(inside, '--capture-engine', engine, '-l', 'nflog:155,255', ...args);
  }

  /** A sender of SYNs on the peer. */
  async generator(): Promise<Program> {
    const link = execFileSync('ip', ['-n', this.lab.mx, '-j', 'link', 'show', 'wire0'], { encoding: 'utf8' });
    // Where they claim to come from is routed back to the peer, which drops the answers.
    spawnSync('ip', ['-n', this.lab.mx, 'route', 'replace', '10.0.0.0/8', 'dev', 'wire0']);
    const [{ address }] = JSON.parse(link);
    const command = [process.execPath, fileOf('syn-generator.js'), 'wire0', address];
    const program = this.lab.start(this.lab.peer, command);
    await program.next(/^ready$/);
    return program;
  }

  /** Processes that a process has started, and theirs. */
  descendants(pid: number): ProcessStatus[] {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      } catch {
        // It has ended.
      }
    }
    const below = (of: number): number[] =>
      [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
    return below(pid).map(processStatus);
  }

  /** The engine's process id, and the capture's. */
  roles(monitor: number): { engine: number; capture: number } {
    const pids = this.descendants(monitor).map(({ pid }) => pid);
    const isEngine = (pid: number): boolean => /engine/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
    return { engine: pids.find(isEngine)!, capture: pids.find(pid => !isEngine(pid))! };
  }

  async remove(): Promise<void> {
    await this.folder.remove();
    await this.lab.close();
  }
}

/** A process's users, groups and capabilities. */
export function processStatus(pid: number): ProcessStatus {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): string[] =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)![1]!.split(/\s+/).filter(Boolean);
  return {
    pid,
    name: field('Name')[0]!,
    uids: field('Uid').map(Number),
    gids: field('Gid').map(Number),
    groups: field('Groups').map(Number),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map(name => field(name)[0]).join(' '),
  };
}

/** Runs a test's steps on a host of its own, which is removed however they end. */
export async function onHost(steps: (host: DaemonHost) => Promise<void>): Promise<void> {
  const host = new DaemonHost();
  try {
    await host.lab.open();
    await steps(host);
  } finally {
    await host.remove();
  }
}
