// Ends a program with us that does not notice that whoever started it is gone: tcpdump does not before it next writes.

import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { type Addon, findAddon } from '../native/addon.js';
import type { CaptureAccount } from './capture-messages.js';
import { captureEnvironment, startProgram } from './capture-process.js';

/** What ties a program's life to ours, however that ends. */
export interface Lifeline {
  /** A descriptor that the program must be started with, if it needs one. */
  readonly descriptor: number | 'ignore';
  /** Ties the program to us, which leads its process group; at once after its start. @throws Error when it cannot */
  bind(pid: number): void;
  /** The program has ended, or could not be started. */
  release(): void;
}

/** What {@link openLifeline} goes by. */
export interface LifelineOptions {
  /** The user that the program becomes. */
  readonly account: CaptureAccount | undefined;
  /** Called when the program is tied to us no more. */
  readonly onBroken: (reason: string) => void;
}

/** The kernel's own where it has one and the addon is built (null: it is not), else a process that watches us. */
export function openLifeline(
  options: LifelineOptions,
  addon: LifelineAddon | null = findAddon() ?? null,
): Lifeline {
  const ends = addon?.openLifeline();
  return addon && ends ? pipeLifeline(addon, ends) : new Watcher(options);
}

type LifelineAddon = Pick<Addon, 'openLifeline' | 'bindLifeline'>;

/** A pipe at whose closing the kernel kills the program. */
function pipeLifeline(addon: LifelineAddon, [theirs, ours]: readonly [number, number]): Lifeline {
  let isBound = false;
  const close = (): void => {
    if (!isBound) closeSync(theirs);
    isBound = true;
  };
  return {
    descriptor: theirs,
    bind: pid => {
      addon.bindLifeline(theirs, pid);
      close();
    },
    release: () => {
      close();
      closeSync(ours);
    },
  };
}

/** Reads what ends when we do, and then kills the group, which it may not as long as that has not become its user. */
const WATCH = `read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -s KILL -- "-$1" 2>/dev/null && exit; sleep 1; done`;

/** A shell beside the program. Killed at the same moment as we are, it leaves the program to its next write. */
class Watcher implements Lifeline {
  readonly descriptor = 'ignore';
  readonly #options: LifelineOptions;
  #shell: ChildProcess | undefined;

  constructor(options: LifelineOptions) {
    this.#options = options;
  }

  bind(pid: number): void {
    const { account, onBroken } = this.#options;
    // OpenBSD's tcpdump is two processes: one of them stays root, the other becomes a user of its own.
    const ids = account && process.platform !== 'openbsd' ? { uid: account.uid, gid: account.gid } : {};
    const shell = startProgram('/bin/sh', ['-c', WATCH, 'sh', `${pid}`], {
      detached: true,
      cwd: '/',
      env: captureEnvironment(),
      stdio: ['pipe', 'ignore', 'ignore'],
      ...ids,
    });
    this.#shell = shell;
    shell.stdin!.on('error', () => {});
    shell.once('error', error => onBroken(error.message));
    shell.once('exit', () => {
      if (this.#shell) onBroken('the process that would end tcpdump with us has ended');
    });
  }

  release(): void {
    const shell = this.#shell;
    this.#shell = undefined;
    shell?.kill('SIGKILL');
  }
}
