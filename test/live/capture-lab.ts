// A mail host and its peer in network namespaces of their own, joined by a veth pair, for the live tests of captures.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRoot } from '../../src/system/privileges.js';

/** Why these tests cannot run here, or false. */
export const noLab: string | false = findObstacle();

function findObstacle(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (!isRoot()) return 'needs root';
  for (const program of ['ip', 'nft', 'tcpdump']) {
    if (spawnSync(program, ['--version']).error) return `needs ${program}`;
  }
  const name = `spamlogd-probe-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'no network namespaces here';
  spawnSync('ip', ['netns', 'del', name]);
  return false;
}

const RULES = `
table inet spamlogd {
  chain input {
    type filter hook input priority 0
    tcp dport 25 tcp flags & (syn|ack) == syn log prefix "smtp-in " group 155 snaplen 128 queue-threshold 1
  }
  chain output {
    type filter hook output priority 0
    tcp dport 25 tcp flags & (syn|ack) == syn log prefix "smtp-out " group 255 snaplen 128 queue-threshold 1
    udp dport 2525 log prefix "flood" group 155 snaplen 64 queue-threshold 1
  }
}
`;

/**
 * The kernel tells the network of its multicast groups whenever it likes (MLD, RFC 3810), in packets whose hop-by-hop
 * header a capture's filter does not look behind; these never leave, so that nothing is on the wire but what a test sends.
 */
const SILENCE = `
table ip6 silence {
  chain output {
    type filter hook output priority 0
    icmpv6 type { mld-listener-report, mld2-listener-report, mld-listener-done } drop
  }
}
`;

/** A program of these tests, in a namespace, spoken to in lines. */
export class Program {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  #hasEnded = false;
  #onNews: (() => void) | undefined;

  constructor(namespace: string, command: readonly string[]) {
    this.process = spawn('ip', ['netns', 'exec', namespace, ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const output = createInterface(this.process.stdout!);
    output.on('line', line => {
      this.#lines.push(line);
      this.#onNews?.();
    });
    output.once('close', () => {
      this.#hasEnded = true;
      this.#onNews?.();
    });
  }

  say(line: string): void {
    this.process.stdin!.write(`${line}\n`);
  }

  /** The next line that fits; lines before it are dropped. Fails when none comes. */
  async next(pattern: RegExp, seconds = 40): Promise<string> {
    const tooLate = setTimeout(seconds * 1000, true, { ref: false });
    for (;;) {
      while (this.#lines.length > 0) {
        const line = this.#lines.shift()!;
        if (pattern.test(line)) return line;
      }
      if (this.#hasEnded) throw new Error(`no line ${pattern}: the program ended`);
      const news = new Promise<void>(resolve => {
        this.#onNews = resolve;
      });
      if (await Promise.race([news, tooLate])) throw new Error(`no line ${pattern} in ${seconds} s`);
    }
  }

  /** Whether a line that fits has come and was not taken. */
  hasSaid(pattern: RegExp): boolean {
    return this.#lines.some(line => pattern.test(line));
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.process.kill(signal);
    await exit;
  }
}

/** The compiled program beside this one. */
export function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** How a capture of the lab differs from the plain one. */
export interface CaptureOptions {
  /** The user to become. */
  readonly user?: string;
  /** Its stream is read only when the driver is told to. */
  readonly isPaused?: boolean;
  /** Records are counted and not said. */
  readonly isQuiet?: boolean;
  /** Another copy of the driver. */
  readonly driver?: string;
  /** What runs the driver: setpriv(1) and its arguments. */
  readonly command?: readonly string[];
}

let labs = 0;

/** Two hosts: `mx` with the rules and the captures, and `peer`. */
export class Lab {
  readonly mx: string;
  readonly peer: string;
  readonly #programs: Program[] = [];
  #mxHost: Program | undefined;
  #peerHost: Program | undefined;

  constructor() {
    const name = `spamlogd-${process.pid}-${++labs}`;
    this.mx = `${name}-mx`;
    this.peer = `${name}-peer`;
  }

  async open(): Promise<void> {
    for (const namespace of [this.mx, this.peer]) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      // Addresses are usable at once.
      execFileSync('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0']);
      execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input: SILENCE });
    }
    execFileSync('ip', ['netns', 'exec', this.mx, 'nft', '-f', '-'], { input: RULES });
    this.addLink();
    this.#mxHost = this.start(this.mx, [process.execPath, fileOf('capture-host.js')]);
    this.#peerHost = this.start(this.peer, [process.execPath, fileOf('capture-host.js')]);
    await this.#mxHost.next(/^listening$/);
    await this.#peerHost.next(/^listening$/);
  }

  /** The veth pair, with the addresses 192.0.2.1 and 2001:db8:25::1 for mx, .2 and ::2 for the peer. */
  addLink(): void {
    const [veth, its] = ['type', 'veth'];
    ip('-n', this.mx, 'link', 'add', 'wire0', veth!, its!, 'peer', 'name', 'wire0', 'netns', this.peer);
    for (const [namespace, host] of [
      [this.mx, 1],
      [this.peer, 2],
    ] as const) {
      ip('-n', namespace, 'addr', 'add', `192.0.2.${host}/24`, 'dev', 'wire0');
      ip('-n', namespace, 'link', 'set', 'wire0', 'up');
      ip('-n', namespace, 'addr', 'add', `2001:db8:25::${host}/64`, 'dev', 'wire0', 'nodad');
    }
  }

  removeLink(): void {
    ip('-n', this.mx, 'link', 'del', 'wire0');
  }

  /** Brings mx's end up or down. Its IPv6 address goes with it. */
  setLink(state: 'up' | 'down'): void {
    ip('-n', this.mx, 'link', 'set', 'wire0', state);
  }

  /** A program in a namespace, ended with the lab. */
  start(namespace: string, command: readonly string[]): Program {
    const program = new Program(namespace, command);
    this.#programs.push(program);
    return program;
  }

  /** A capture in mx. */
  capture(engine: string, device: string, options: CaptureOptions = {}): Program {
    const { driver = fileOf('capture-driver.js'), command = [], ...others } = options;
    const order = JSON.stringify({ engine, device, ...others });
    return this.start(this.mx, [...command, process.execPath, driver, order]);
  }

  /** A TCP connection to port 25. */
  async connect(from: 'mx' | 'peer', address: string): Promise<void> {
    const host = (from === 'mx' ? this.#mxHost : this.#peerHost)!;
    host.say(`connect ${address}`);
    await host.next(new RegExp(`^connected ${address}$`));
  }

  /** That many logged packets, as fast as they can be sent. */
  async flood(packets: number): Promise<void> {
    this.#mxHost!.say(`flood ${packets}`);
    await this.#mxHost!.next(/^flooded$/, 60);
  }

  async close(): Promise<void> {
    for (const program of this.#programs) await program.end();
    for (const namespace of [this.mx, this.peer]) spawnSync('ip', ['netns', 'del', namespace]);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Runs a test's steps in a lab of its own, which is removed however they end. */
export async function inLab(steps: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = new Lab();
  try {
    await lab.open();
    await steps(lab);
  } finally {
    await lab.close();
  }
}
