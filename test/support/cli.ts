// Runs the program as a process of its own.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program's file. */
export const CLI: string = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** What a run gave. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface RunOptions {
  readonly input?: Buffer;
  readonly environment?: Record<string, string>;
  readonly folder?: string;
  /** Run it as the user `nobody` where the tests run as root, whom no permission stops. */
  readonly isUnprivileged?: boolean;
  /** What runs it: a command such as `ip netns exec NAME`. */
  readonly within?: readonly string[];
}

const NOBODY = 65_534;

/** Where the coverage of the tests is measured, that of the processes they start is, too, if they may write there. */
const COVERAGE = 'NODE_V8_COVERAGE';

/** The environment and the options that keep the machine's own settings out of a test. */
function spawnOptions({ environment, folder, isUnprivileged }: RunOptions): SpawnOptions {
  const isDropped = isUnprivileged && process.getuid?.() === 0;
  const coverage = process.env[COVERAGE];
  return {
    env: {
      PATH: process.env['PATH'] ?? '',
      TZ: 'UTC',
      ...(coverage !== undefined && !isDropped && { [COVERAGE]: coverage }),
      ...environment,
    },
    ...(folder && { cwd: folder }),
    ...(isDropped && { uid: NOBODY, gid: NOBODY }),
  };
}

function withoutConfig(args: readonly string[]): string[] {
  return args.some(arg => arg.startsWith('--config')) ? [...args] : ['--config=/dev/null', ...args];
}

/** Starts the program with pipes for its streams. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const [file, ...leading] = [...(options.within ?? []), process.execPath];
  return spawn(file!, [...leading, CLI, ...withoutConfig(args)], spawnOptions(options));
}

/** Collects what a child process writes until it ends. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece;
    });
  }
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { status, signal, ...text };
}

/** Runs the program to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = start(args, options);
  // A program that ends before it has read everything is no failure of the test's.
  child.stdin!.on('error', () => {});
  child.stdin!.end(options.input);
  return outcomeOf(child);
}

/** Runs another program, or a shell's script, to its end. */
export async function runOther(command: string, args: readonly string[]): Promise<Outcome> {
  const child = spawn(command, args, { ...spawnOptions({}), stdio: ['ignore', 'pipe', 'pipe'] });
  return outcomeOf(child);
}

/** Where on the PATH a program is, or why a test that needs it is skipped. */
export function missing(program: string): string | false {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some(folder => existsSync(`${folder}/${program}`)) ? false : `no ${program} on this machine`;
}

/** Why nothing can be run as another user here, or false. */
export async function noUnprivileged(): Promise<string | false> {
  if (process.getuid === undefined) return 'this system has no users';
  const { status } = await run(['--version'], { isUnprivileged: true, folder: '/' }).catch(() => ({
    status: null,
  }));
  return status === 0 ? false : 'the program is not readable for the user nobody';
}
