// Runs a firewall's program as a child: argument array, standard input, a deadline, and bounded output.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The programs that are ever run. */
export type Program = 'pfctl' | 'nft';

/** One run of a firewall's program. */
export interface RunRequest {
  readonly program: Program;
  readonly args: readonly string[];
  /** Text for standard input, made piece by piece as the child takes it; no standard input when absent. */
  readonly input?: Iterable<string>;
  /** Takes standard output as it comes, instead of {@link RunResult}. */
  readonly onOutput?: (text: string) => void;
}

/** How a run ended; `late` and `flooded` were killed by the runner, `killed` by someone else. */
export type RunResult =
  | { readonly end: 'exited'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | { readonly end: 'killed'; readonly signal: string; readonly stderr: string }
  | { readonly end: 'late'; readonly seconds: number }
  | { readonly end: 'flooded'; readonly limitBytes: number }
  | { readonly end: 'unstartable'; readonly cause: Error };

/** Runs a program to its end; never rejects. */
export type Runner = (request: RunRequest) => Promise<RunResult>;

/** How {@link createRunner} runs programs. */
export interface RunnerOptions {
  /** Program and leading arguments to run instead of `pfctl` and `nft`, such as `ip netns exec NAME nft`. */
  readonly commands?: Partial<Record<Program, readonly [string, ...string[]]>>;
  /** A run that takes longer is killed. */
  readonly deadlineSeconds?: number;
  /** A run that says more on standard output is killed. */
  readonly outputLimitBytes?: number;
  /** An open /dev/pf that every pfctl inherits and is told to use (`-p /dev/fd/3`), as spamd does. */
  readonly pfDeviceFd?: number;
}

/** A hundred times what a table of 100,000 entries takes; what is slower has hung. */
const DEADLINE_SECONDS = 30;
/** A listing of a million entries with timeouts. */
const OUTPUT_LIMIT_BYTES = 128 * 1024 * 1024;
const STDERR_LIMIT_CHARS = 16 * 1024;
/** A child in the kernel's hands may outlive SIGKILL; the engine does not wait for it. */
const KILL_GRACE_MS = 1000;

/** Nothing of the caller's environment is handed on; the C locale keeps error texts as the drivers know them. */
const ENVIRONMENT = { PATH: '/sbin:/usr/sbin:/bin:/usr/bin:/usr/local/sbin:/usr/local/bin', LC_ALL: 'C' };

/** A runner of pfctl(8) and nft(8). */
export function createRunner(options: RunnerOptions = {}): Runner {
  const limits = {
    deadlineSeconds: options.deadlineSeconds ?? DEADLINE_SECONDS,
    outputLimitBytes: options.outputLimitBytes ?? OUTPUT_LIMIT_BYTES,
  };
  return request => {
    const [file, ...leading] = options.commands?.[request.program] ?? [request.program];
    const fd = request.program === 'pfctl' ? options.pfDeviceFd : undefined;
    const device = fd === undefined ? [] : ['-p', '/dev/fd/3'];
    const stdio: SpawnOptions['stdio'] = [request.input ? 'pipe' : 'ignore', 'pipe', 'pipe'];
    if (fd !== undefined) stdio.push(fd);
    const args = [...leading, ...device, ...request.args];
    return new Promise(resolve => {
      try {
        watch(spawn(file, args, { cwd: '/', env: ENVIRONMENT, stdio }), request, limits, resolve);
      } catch (cause) {
        // Some errors of the system are thrown, others come as an event.
        resolve({ end: 'unstartable', cause: cause as Error });
      }
    });
  };
}

type Limits = Required<Pick<RunnerOptions, 'deadlineSeconds' | 'outputLimitBytes'>>;

function watch(
  child: ChildProcess,
  request: RunRequest,
  limits: Limits,
  done: (result: RunResult) => void,
): void {
  let stdout = '';
  let stderr = '';
  let length = 0;
  let verdict: RunResult | undefined;
  const settle = (result: RunResult): void => {
    clearTimeout(deadline);
    done(result);
  };
  const kill = (reason: RunResult): void => {
    if (verdict !== undefined) return;
    verdict = reason;
    child.kill('SIGKILL');
    // What the child started itself may hold these open for longer than it lives.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    setTimeout(() => settle(reason), KILL_GRACE_MS).unref();
  };
  const deadline = setTimeout(
    () => kill({ end: 'late', seconds: limits.deadlineSeconds }),
    limits.deadlineSeconds * 1000,
  );
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (verdict !== undefined) return;
    length += text.length;
    if (length > limits.outputLimitBytes) kill({ end: 'flooded', limitBytes: limits.outputLimitBytes });
    else if (request.onOutput) {
      request.onOutput(text);
      // One piece each time round, as with standard input.
      child.stdout?.pause();
      setImmediate(() => child.stdout?.resume());
    } else stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_LIMIT_CHARS);
  });
  child.on('error', cause => settle({ end: 'unstartable', cause }));
  child.on('close', (status, signal) => {
    if (verdict !== undefined) settle(verdict);
    else if (status === null) settle({ end: 'killed', signal: signal ?? 'unknown', stderr });
    else settle({ end: 'exited', status, stdout, stderr });
  });
  // A child that ends without reading everything says why with its status; the broken pipe adds nothing.
  if (request.input && child.stdin) {
    pipeline(Readable.from(oneByOne(request.input), { highWaterMark: 1 }), child.stdin).catch(
      () => undefined,
    );
  }
}

/** Makes one piece each time round: a child that reads as fast as we write would have the event loop for itself. */
async function* oneByOne(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await new Promise(resolve => setImmediate(resolve));
  }
}
