// Changes databases in a thread of its own, one task at a time.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../store.js';
import { type LockOptions, openLocked, unlockAbandoned } from './locked-file.js';
import type { Operations } from './operations.js';
import type { Answer, Task, Turn } from './worker.js';

/** An operation's parameters without the file, and what it gives. */
type Args<Name extends keyof Operations> =
  Parameters<Operations[Name]> extends [unknown, ...infer Rest] ? Rest : never;
type Result<Name extends keyof Operations> = ReturnType<Operations[Name]>;

/** How to lock the file, and to write to it. */
export interface WriterOptions extends LockOptions {
  /** Runs what writes: cut short, it leaves pages marked as used that nothing leads to. */
  readonly hold?: <T>(write: () => Promise<T>) => Promise<T>;
}

/** Locks the database at a path for each operation, and runs the operation in the thread. */
export class Writer {
  readonly #path: string;
  readonly #options: WriterOptions;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: WriterOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Runs an operation when the ones before are done. Errors are {@link StoreError}s. */
  run<Name extends keyof Operations>(name: Name, ...args: Args<Name>): Promise<Result<Name>> {
    return this.#enqueue(() => this.#perform(name, args, false)) as Promise<Result<Name>>;
  }

  /** Runs an operation and changes nothing: what it would give. */
  runDry<Name extends keyof Operations>(name: Name, ...args: Args<Name>): Promise<Result<Name>> {
    return this.#enqueue(() => this.#perform(name, args, true)) as Promise<Result<Name>>;
  }

  #enqueue<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => {});
    return done;
  }

  async #perform(name: keyof Operations, args: readonly unknown[], isDry: boolean): Promise<unknown> {
    // The thread is there and has prepared the task before the lock is taken, so that nobody waits for that.
    const worker = await this.#start();
    if (!(await ask(worker, { path: this.#path, name, args, isDry }))) throw this.#deadThread();
    const file = await openLocked(this.#path, !isDry, this.#options);
    const { fd, stats } = file;
    const turn = { fd, fileBytes: stats.size, blockBytes: stats.blksize };
    const write = (): Promise<Answer | undefined> => ask(worker, turn);
    const { hold } = this.#options;
    const answer = await (hold && !isDry ? hold(write) : write());
    if (answer === undefined) {
      await unlockAbandoned(file);
      throw this.#deadThread();
    }
    if ('error' in answer) throw new StoreError(answer.error.code, answer.error.message);
    return 'result' in answer ? answer.result : undefined;
  }

  #deadThread(): StoreError {
    return new StoreError('failed', `Cannot use store "${this.#path}": its thread died`);
  }

  async #start(): Promise<Worker> {
    if (this.#worker) return this.#worker;
    // The thread closes descriptors that were opened here.
    const worker = new Worker(new URL('./worker.js', import.meta.url), { trackUnmanagedFds: false });
    await once(worker, 'online');
    // The next operation starts another.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  /** Ends the thread when the operations before are done. */
  async close(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#worker?.terminate();
    });
  }
}

/** The thread's answer, or undefined when it died over the question. */
function ask(worker: Worker, question: Task | Turn): Promise<Answer | undefined> {
  return new Promise(resolve => {
    const finish = (answer?: Answer): void => {
      worker.off('message', finish);
      worker.off('exit', onExit);
      worker.unref();
      resolve(answer);
    };
    const onExit = (): void => finish();
    worker.on('message', finish);
    worker.on('exit', onExit);
    worker.ref();
    worker.postMessage(question);
  });
}
