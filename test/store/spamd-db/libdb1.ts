// Debian's libdb1-compat as a child process: Berkeley DB 1.85 code that is not ours, to test against.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The repository's root, from dist/test/store/spamd-db. */
export const ROOT: URL = new URL('../../../../', import.meta.url);

/** Keys and values in hexadecimal. */
export type Operation =
  | readonly ['put', string, string]
  | readonly ['del' | 'get', string]
  | readonly ['see', string, number];

export interface Request {
  readonly path: string;
  readonly create?: { readonly bsize?: number; readonly lorder?: number; readonly ffactor?: number };
  readonly operations?: readonly Operation[];
  readonly dump?: boolean;
}

export interface Reply {
  readonly results: readonly (string | boolean | null)[];
  readonly dump: readonly (readonly [string, string])[];
}

/** One child, asked one thing at a time. */
export class Libdb1 {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Whether the child could load the library. */
  async isReady(): Promise<boolean> {
    return (await this.#lines.next()).done !== true;
  }

  async ask(request: Request): Promise<Reply> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error('libdb1-compat died');
    const reply = JSON.parse(line.value) as Reply & { readonly error?: string };
    if (reply.error !== undefined) throw new Error(`libdb1-compat: ${reply.error}`);
    return reply;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }
}

/** A child with the library loaded, or undefined where it is not installed. */
export async function startLibdb1(): Promise<Libdb1 | undefined> {
  const script = fileURLToPath(new URL('fixtures/libdb1.py', ROOT));
  const child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  const libdb1 = new Libdb1(child);
  return (await libdb1.isReady()) ? libdb1 : undefined;
}

/** Why a test is skipped where {@link startLibdb1} gives nothing. */
export const NO_LIBDB1 = 'needs python3 and libdb1-compat';
