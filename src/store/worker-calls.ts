// Questions to a thread that holds a database, and the answers matched to them.

import type { Worker } from 'node:worker_threads';
import { StoreError } from './store.js';
import type { Reply } from './worker-protocol.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** One thread's questions; it answers question 0, which nobody asks, when its database is open. */
export class WorkerCalls<Request extends { readonly id: number }> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened: Promise<null>;
  #lastId = 0;
  #failure: StoreError | undefined;

  /** @param path the database, as errors name it */
  constructor(worker: Worker, path: string) {
    this.#worker = worker;
    this.#opened = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve, reject });
    });
    // Whoever asks something is told; nobody has to.
    this.#opened.catch(() => {});
    worker.on('message', (reply: Reply) => this.#settle(reply));
    const thread = `The thread of store "${path}"`;
    worker.on('error', cause =>
      this.#fail(new StoreError('failed', `${thread} has died: ${cause.message}`, { cause })),
    );
    worker.on('exit', () => this.#fail(new StoreError('failed', `${thread} has ended`)));
  }

  /** Fulfilled when the database is open. @throws {StoreError} */
  async opened(): Promise<void> {
    await this.#opened;
  }

  /** Whether there is nobody to ask any more. */
  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether there is somebody to ask, once that is known. */
  async isOpen(): Promise<boolean> {
    return this.#opened.then(
      () => this.#failure === undefined,
      () => false,
    );
  }

  /** The answer to a question. @throws {StoreError} the thread's, or that there is no thread any more */
  async ask<T>(request: WithoutId<Request>): Promise<T> {
    await this.#opened;
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new StoreError(reply.error.code, reply.error.message));
    else waiting?.resolve(reply.value as never);
  }

  #fail(error: StoreError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
