// Machines on one network, made of network namespaces and a bridge; needs root.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../sync/helpers.js';
import type { MiniDaemonOptions } from '../sync/mini-daemon.js';

/** Why these tests cannot run here, or false. */
export function reasonToSkip(): string | false {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'needs root to make network namespaces';
  const name = `sync-probe-${process.pid}`;
  const { status } = spawnSync('ip', ['netns', 'add', name]);
  if (status !== 0) return 'cannot make a network namespace';
  spawnSync('ip', ['netns', 'del', name]);
  return false;
}

/** The settings of an endpoint, as they are handed to its process. */
export type EndpointSettings = Pick<
  MiniDaemonOptions,
  'targets' | 'listen' | 'port' | 'group' | 'windowSeconds' | 'whiteexpSeconds'
> & { readonly key: string; readonly peers: readonly string[] };

/** What an endpoint tells. */
export interface EndpointStatus {
  readonly table: string[];
  readonly sender: ReturnType<MiniDaemonStatus>['sender'];
  readonly receiver: ReturnType<MiniDaemonStatus>['receiver'];
}

type MiniDaemonStatus = () => {
  sender: ReturnType<import('../../src/sync/sender.js').SyncSender['status']>;
  receiver: ReturnType<import('../../src/sync/receiver.js').SyncReceiver['status']>;
};

/** A process with a sender and a receiver on one of the machines. */
export interface Endpoint {
  /** What became of entries of peers: `added 192.0.2.1`. */
  readonly received: string[];
  readonly log: string[];
  see(addresses: readonly string[]): void;
  trap(address: string): void;
  status(): Promise<EndpointStatus>;
  stop(): Promise<void>;
}

const ENDPOINT = fileURLToPath(new URL('./sync-endpoint.js', import.meta.url));

/** A bridge with machines 10.99.0.1, 10.99.0.2 and so on, each with an interface `mx0` and the loopback. */
export class Network {
  readonly #names: string[] = [];
  readonly #endpoints = new Set<Endpoint>();

  constructor(machines: number) {
    try {
      this.#build(machines);
    } catch (error) {
      this.#unbuild();
      throw error;
    }
  }

  /** The namespace of a machine. */
  name(machine: number): string {
    return `sync-${process.pid}-mx${machine}`;
  }

  /** Takes the interface of a machine down, or up again. */
  setInterface(machine: number, state: 'up' | 'down'): void {
    ip('-n', this.name(machine), 'link', 'set', 'mx0', state);
  }

  async start(machine: number, settings: EndpointSettings): Promise<Endpoint> {
    const args = ['netns', 'exec', this.name(machine), process.execPath, ENDPOINT, JSON.stringify(settings)];
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
    const received: string[] = [];
    const log: string[] = [];
    const statuses: EndpointStatus[] = [];
    let isReady = false;
    createInterface({ input: child.stdout }).on('line', line => {
      const told = JSON.parse(line) as {
        ready?: true;
        received?: string;
        log?: string;
        status?: EndpointStatus;
      };
      if (told.ready) isReady = true;
      if (told.received !== undefined) received.push(told.received);
      if (told.log !== undefined) log.push(told.log);
      if (told.status !== undefined) statuses.push(told.status);
    });
    const order = (what: object): void => {
      child.stdin.write(`${JSON.stringify(what)}\n`);
    };
    const endpoint: Endpoint = {
      received,
      log,
      see: addresses => order({ see: addresses }),
      trap: one => order({ trap: one }),
      async status() {
        const count = statuses.length;
        order({ status: true });
        await until(() => statuses.length > count);
        return statuses.at(-1)!;
      },
      stop: async () => {
        this.#endpoints.delete(endpoint);
        child.kill();
        await exited;
      },
    };
    this.#endpoints.add(endpoint);
    await until(() => isReady || child.exitCode !== null);
    if (!isReady) throw new Error(`The endpoint on machine ${machine} has ended with ${child.exitCode}`);
    return endpoint;
  }

  /** Stops every process and removes every namespace. */
  async remove(): Promise<void> {
    await Promise.all([...this.#endpoints].map(endpoint => endpoint.stop()));
    this.#unbuild();
  }

  #build(machines: number): void {
    const hub = `sync-${process.pid}-hub`;
    this.#make(hub);
    ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    ip('-n', hub, 'link', 'set', 'br0', 'up');
    for (let machine = 1; machine <= machines; machine++) {
      const name = this.name(machine);
      this.#make(name);
      ip('-n', hub, 'link', 'add', `port${machine}`, 'type', 'veth', 'peer', 'name', 'mx0', 'netns', name);
      ip('-n', hub, 'link', 'set', `port${machine}`, 'master', 'br0', 'up');
      ip('-n', name, 'addr', 'add', `${address(machine)}/24`, 'dev', 'mx0');
      this.setInterface(machine, 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
  }

  #unbuild(): void {
    for (const name of this.#names.splice(0).reverse()) spawnSync('ip', ['netns', 'del', name]);
  }

  #make(name: string): void {
    ip('netns', 'add', name);
    this.#names.push(name);
  }
}

/** The address of a machine. */
export function address(machine: number): string {
  return `10.99.0.${machine}`;
}

function ip(...args: string[]): void {
  execFileSync('ip', args);
}
