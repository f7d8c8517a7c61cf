// The thread that changes databases: given a task and then a locked descriptor, it does it, writes, and lets go.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { StoreError } from '../store.js';
import { openForChange } from './hash-file.js';
import { OPERATIONS, type Operations } from './operations.js';
import { BufferedFile, DescriptorFile } from './page-file.js';
import { toStoreError } from './store-errors.js';

/** What the thread is asked to do, before it may. */
export interface Task {
  readonly path: string;
  readonly name: keyof Operations;
  /** The operation's, after the file. */
  readonly args: readonly unknown[];
  /** Whether to change nothing. */
  readonly isDry: boolean;
}

/** The file to do it with; the task is the one asked last. */
export interface Turn {
  /** Locked, and open for writing unless the task is dry; closed when the task is done, whatever came of it. */
  readonly fd: number;
  readonly fileBytes: number;
  /** st_blksize, a new file's page size. */
  readonly blockBytes: number;
}

/** What the thread answers, one answer a task, in order. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: StoreError['code']; readonly message: string } };

/** Does tasks in the memory of the one before: to get that anew takes longer than to read a file into it. */
class Clerk {
  #memory: Uint8Array = new Uint8Array(0);

  perform(task: Task, turn: Turn): Answer {
    try {
      return { result: this.#writeAndUnlock(task, turn) };
    } catch (error) {
      const { code, message } = toStoreError(task.path, error);
      return { error: { code, message } };
    }
  }

  #writeAndUnlock(task: Task, turn: Turn): unknown {
    let disk: number | undefined;
    try {
      let result: unknown;
      try {
        const descriptor = new DescriptorFile(turn.fd, turn.fileBytes);
        const file = openForChange(this.#buffer(descriptor), turn.blockBytes);
        const operation = OPERATIONS[task.name] as (...args: readonly unknown[]) => unknown;
        result = operation(file, ...task.args);
        if (!task.isDry) {
          file.commit(descriptor);
          disk = openSync(task.path, 'r');
        }
      } finally {
        closeSync(turn.fd);
      }
      // The tarpit need not wait for the disk: the lock has gone with the first descriptor.
      if (disk !== undefined) fsyncSync(disk);
      return result;
    } finally {
      if (disk !== undefined) closeSync(disk);
    }
  }

  #buffer(file: DescriptorFile): BufferedFile {
    if (this.#memory.length < file.size) this.#memory = Buffer.allocUnsafeSlow(Math.ceil(file.size * 1.25));
    return new BufferedFile(file, this.#memory);
  }
}

const clerk = new Clerk();
let task: Task | undefined;

parentPort?.on('message', (message: Task | Turn) => {
  if ('name' in message) task = message;
  else if (task) parentPort!.postMessage(clerk.perform(task, message));
});
