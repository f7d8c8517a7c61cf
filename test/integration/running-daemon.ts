// The program itself, running as a daemon for a test, in a folder of its own.

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, createWriteStream, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { isRoot } from '../../src/system/privileges.js';

/** The compiled program. */
export const CLI: string = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

const NOBODY = 65_534;

/** Without privileges, whoever runs the tests. */
export const UNPRIVILEGED: Pick<SpawnOptions, 'uid' | 'gid'> = isRoot() ? { uid: NOBODY, gid: NOBODY } : {};

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is told of a running daemon. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
}

/** A folder for a test, which an unprivileged daemon can write to. */
export class Folder {
  readonly path: string;
  readonly #daemons: RunningDaemon[] = [];
  readonly #options: SpawnOptions;

  constructor(options: SpawnOptions = UNPRIVILEGED) {
    this.#options = options;
    this.path = mkdtempSync(join(tmpdir(), 'spamlogd-daemon-'));
    chmodSync(this.path, 0o755);
    if (options.uid !== undefined) chownSync(this.path, options.uid, options.gid!);
  }

  /** A file of this folder. */
  at(name: string): string {
    return join(this.path, name);
  }

  get database(): string {
    return this.at('db');
  }

  /** What a daemon of this folder is told where things are. */
  get options(): string[] {
    return ['--database', this.database, '--control-socket', this.at('control')];
  }

  /** A daemon in the foreground, with this folder's database and control socket. */
  start(...args: string[]): RunningDaemon {
    const all = ['-D', '--log', 'json', ...this.options, ...args];
    const daemon = new RunningDaemon([process.execPath, CLI, ...all], { cwd: this.path, ...this.#options });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** As {@link start}, with a variable more in its environment: `NAME=value`. */
  startWith(variable: string, ...args: string[]): RunningDaemon {
    const command = ['env', variable, process.execPath, CLI, '-D', '--log', 'json', ...this.options, ...args];
    const daemon = new RunningDaemon(command, { cwd: this.path, ...this.#options });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** As {@link start}, as root, by a command such as `ip netns exec`; engine and capture become nobody. */
  startAsRoot(command: readonly string[], ...args: string[]): RunningDaemon {
    const all = ['-D', '--log', 'json', '--user', 'nobody', ...this.options, ...args];
    const daemon = new RunningDaemon([...command, process.execPath, CLI, ...all], { cwd: this.path });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Runs the program to its end. */
  run(...args: string[]): Ended {
    return this.feed(Buffer.alloc(0), ...args);
  }

  /** As {@link run}, with something on standard input. */
  feed(input: Buffer, ...args: string[]): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      cwd: this.path,
      encoding: 'utf8',
      input,
      timeout: 60_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 26,
      ...this.#options,
    } as SpawnOptions & { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** What the daemon answers. */
  status(): DaemonStatus {
    const { status, stdout, stderr } = this.run('status', '--json', '--control-socket', this.at('control'));
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** Rows of the database, as it is at this moment. */
  rows(path: string = this.database): { ip: string; pcount: number; expire: number }[] {
    const db = new Database(path, { readonly: true, timeout: 10_000 });
    try {
      return db.prepare('SELECT ip, pcount, expire FROM entries ORDER BY ip').all() as never;
    } finally {
      db.close();
    }
  }

  async remove(): Promise<void> {
    for (const daemon of this.#daemons) await daemon.kill();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The parts of a status that tests look at. */
export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly source: string;
  readonly packets: number;
  readonly sightings: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly malformed: number;
  readonly ignored: Readonly<Record<string, number>>;
  readonly lastPacket: string | null;
  readonly capture: {
    readonly state: string;
    readonly engine: string | null;
    readonly message: string | null;
    readonly linkType: number | null;
    readonly restarts: number;
    readonly received: number | null;
  };
  readonly tables: readonly { readonly lost: number; readonly lastReconcile: string | null }[];
  readonly drops: {
    readonly kernel: number | null;
    readonly capture: number;
    readonly database: number;
    readonly log: number;
  };
  readonly database: {
    readonly error: string | null;
    readonly white: number | null;
    readonly waiting: number;
    readonly writtenSightings: number;
    readonly added: number;
    readonly refreshed: number;
    readonly transactions: number;
    readonly lastFlush: string | null;
    readonly ipv6NotKept: number;
    readonly expired: number;
  };
}

/** A process whose standard error is a log in JSON. */
export class RunningDaemon {
  readonly process: ChildProcess;
  readonly lines: LogLine[] = [];
  /** Lines that are no JSON. */
  readonly other: string[] = [];
  readonly #ended: Promise<number | null>;
  #onNews: (() => void) | undefined;

  constructor([file, ...args]: string[], options: SpawnOptions) {
    this.process = spawn(file!, args, { ...options, stdio: ['pipe', 'ignore', 'pipe'] });
    this.process.stdin!.on('error', () => {});
    const output = createInterface(this.process.stderr!);
    output.on('line', line => {
      try {
        this.lines.push(JSON.parse(line));
      } catch {
        this.other.push(line);
      }
      this.#onNews?.();
    });
    this.#ended = once(this.process, 'close').then(([status]) => {
      this.#onNews?.();
      return status as number | null;
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** The first line that fits, now or later, after the first `from` ones. */
  async logged(pattern: RegExp, from = 0, seconds = 30): Promise<string> {
    const tooLate = setTimeout(seconds * 1000, true, { ref: false });
    for (;;) {
      const found = this.lines.slice(from).find(({ msg }) => pattern.test(msg));
      if (found !== undefined) return found.msg;
      const told = (): string => [...this.lines.map(({ msg }) => msg), ...this.other].join('\n');
      if (this.hasEnded && this.process.stderr!.readableEnded)
        throw new Error(`no line ${pattern}: it ended, having said\n${told()}`);
      const news = new Promise<void>(resolve => {
        this.#onNews = resolve;
      });
      if (await Promise.race([news, tooLate]))
        throw new Error(`no line ${pattern} in ${seconds} s:\n${told()}`);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** The exit status, when it ends. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    if (!this.hasEnded) this.process.kill('SIGKILL');
    // It is closed only when what it wrote has been read.
    this.process.stderr!.resume();
    await this.#ended;
  }
}

/** Makes a FIFO that everybody may write to. */
export function makeFifo(path: string): void {
  spawnSync('mkfifo', ['-m', '666', path]);
}

/** Opens a FIFO for writing, which waits for its reader. */
export async function openFifo(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path);
  // A test that waits for other processes may destroy it before it is told that a write is done.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_DESTROYED' && stream.listenerCount('error') === 1) throw error;
  });
  await once(stream, 'open');
  return stream;
}

/** Asks until the answer is true; fails after some seconds. */
export async function until(question: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await question())) {
    if (performance.now() > end) throw new Error(`still not so after ${seconds} s: ${question}`);
    await setTimeout(20);
  }
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Runs a test's steps in a folder of its own, which is removed however they end. */
export async function inFolder(
  steps: (folder: Folder) => Promise<void>,
  options?: SpawnOptions,
): Promise<void> {
  const folder = new Folder(options);
  try {
    await steps(folder);
  } finally {
    await folder.remove();
  }
}
