// Mail servers on one network, each with a daemon, an nftables table and NFLOG, and the Internet behind them.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { SyncReceiverStatus } from '../../src/sync/receiver.js';
import type { SyncSenderStatus } from '../../src/sync/sender.js';
import { Folder, type RunningDaemon } from '../integration/running-daemon.js';
import { fileOf, Program } from './capture-lab.js';
import { address, Network } from './sync-network.js';

const NOBODY = 65_534;
/** The networks of correspondents, RFC 5737. */
const CORRESPONDENTS = ['198.51.100.0/24', '203.0.113.0/24'];

const KEY_FILE = 'the key\n';
/** What the HMACs on the network are made with. */
export const KEY: Buffer = Buffer.from(createHash('sha1').update(KEY_FILE).digest('hex'));

const RULES = `
table inet spamlogd {
  set white4 { type ipv4_addr; flags timeout; }
  set white6 { type ipv6_addr; flags timeout; }
  chain output {
    type filter hook output priority 200
    tcp dport 25 ct state new tcp flags & (fin|syn|rst|ack) == syn log prefix "out" group 26 snaplen 128 queue-threshold 1
  }
}
`;

/** What `spamlogd status` tells of synchronisation. */
export interface SyncStatus {
  readonly key: string;
  readonly sender: SyncSenderStatus;
  readonly receiver: SyncReceiverStatus;
}

/** A mail server. */
export class MailServer {
  readonly address: string;
  readonly folder: Folder = new Folder({ uid: NOBODY, gid: NOBODY });
  readonly #namespace: string;
  readonly #programs: Program[] = [];
  readonly #host: Program;

  constructor(network: Network, machine: number) {
    this.address = address(machine);
    this.#namespace = network.name(machine);
    this.run('nft', ['-f', '-'], RULES);
    this.#host = this.program('capture-host.js');
  }

  /** A daemon that captures what leaves here, keeps the table, and has the network's key. */
  async start(...args: string[]): Promise<RunningDaemon> {
    const daemon = this.folder.startAsRoot(
      ['ip', 'netns', 'exec', this.#namespace],
      ...['-l', 'nflog:26', '--table', 'nft:inet:spamlogd:white4:white6', '--reconcile-interval', '3600'],
      ...['--sync-key', this.#keyFile(), ...args],
    );
    await daemon.logged(/^capturing on /i);
    await daemon.logged(/ is in line with the database: /);
    return daemon;
  }

  #keyFile(): string {
    const path = this.folder.at('key');
    writeFileSync(path, KEY_FILE, { mode: 0o600 });
    return path;
  }

  /** Connects to port 25 of correspondents, all at once. */
  async connect(...addresses: string[]): Promise<void> {
    for (const one of addresses) this.#host.say(`connect ${one}`);
    for (let left = addresses.length; left > 0; left--) await this.#host.next(/^connected /);
  }

  /** Waits until it listens. */
  async listen(): Promise<void> {
    await this.#host.next(/^listening$/);
  }

  /** Runs a program here to its end; throws when it fails. */
  run(program: string, args: readonly string[], input = ''): string {
    const inside = ['netns', 'exec', this.#namespace, program, ...args];
    return execFileSync('ip', inside, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  }

  /** A program of these tests that runs here until {@link remove}. */
  program(name: string, ...args: string[]): Program {
    return this.watch([process.execPath, fileOf(name), ...args]);
  }

  /** Any program that runs here until {@link remove} and says lines. */
  watch(command: readonly string[]): Program {
    const program = new Program(this.#namespace, command);
    this.#programs.push(program);
    return program;
  }

  /** What is in the table, by address. */
  table(): string[] {
    const listing = this.run('nft', ['-j', 'list', 'set', 'inet', 'spamlogd', 'white4']);
    const { nftables } = JSON.parse(listing) as {
      nftables: { set?: { elem?: { elem: { val: string } }[] } }[];
    };
    return (nftables.find(({ set }) => set)?.set?.elem ?? []).map(({ elem }) => elem.val).sort();
  }

  /** White addresses of the database. */
  white(): string[] {
    return this.folder.rows().flatMap(({ ip, pcount }) => (pcount >= 0 ? [ip] : []));
  }

  /** Runs a command on this server's database. */
  edit(command: 'add' | 'delete' | 'trap', one: string): void {
    const { status, stderr } = this.folder.run(command, '--database', this.folder.database, one);
    if (status !== 0) throw new Error(stderr);
  }

  /** What the daemon's engine occupies. */
  memoryMiB(): number {
    const status = readFileSync(`/proc/${this.folder.status().pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
  }

  sync(): SyncStatus {
    return (this.folder.status() as unknown as { sync: SyncStatus }).sync;
  }

  async remove(): Promise<void> {
    await this.folder.remove();
    for (const program of this.#programs) await program.end();
  }
}

/** Mail servers 10.99.0.1, 10.99.0.2 and so on; behind the machine after them is everybody they write to. */
export class MailNetwork {
  readonly servers: readonly MailServer[];
  readonly #network: Network;
  readonly #internet: Program;

  constructor(count: number) {
    const internet = count + 1;
    this.#network = new Network(internet);
    const name = this.#network.name(internet);
    for (const network of CORRESPONDENTS) {
      ip('-n', name, 'route', 'add', 'local', network, 'dev', 'lo');
      for (let machine = 1; machine <= count; machine++) {
        ip('-n', this.#network.name(machine), 'route', 'add', network, 'via', address(internet));
      }
    }
    this.servers = Array.from({ length: count }, (_, i) => new MailServer(this.#network, i + 1));
    this.#internet = new Program(name, [process.execPath, fileOf('capture-host.js')]);
  }

  /** Waits until everybody listens on port 25. */
  async open(): Promise<void> {
    await this.#internet.next(/^listening$/);
    for (const server of this.servers) await server.listen();
  }

  async remove(): Promise<void> {
    await Promise.all(this.servers.map(server => server.remove()));
    await this.#internet.end();
    await this.#network.remove();
  }
}

/** Runs a test's steps on a network of its own, which is removed however they end. */
export async function onMailNetwork(
  count: number,
  steps: (...servers: MailServer[]) => Promise<void>,
): Promise<void> {
  const network = new MailNetwork(count);
  try {
    await network.open();
    await steps(...network.servers);
  } finally {
    await network.remove();
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args);
}
