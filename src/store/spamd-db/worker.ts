// The thread that changes databases: given a task and then a locked descriptor, it does it, writes, and lets go.

import { closeSync, constants, fstatSync, fsyncSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { FIELD } from '../../whitelist/batch.js';
import type { StoreError } from '../store.js';
import { openForChange } from './hash-file.js';
import { KeyMemory } from './key-table.js';
import { type Operations, type Prepared, prepareOperation } from './operations.js';
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

/** What the thread answers to a task: that it may lock the file, and to a turn, what came of it. */
export type Answer =
  | { readonly isReady: true }
  | { readonly result: unknown }
  | { readonly error: { readonly code: StoreError['code']; readonly message: string } };

/** A batch of so many rows is rehearsed when it is the first: compiling would take longer than the batch. */
const REHEARSED_ROWS = 1000;
const REHEARSALS = 10;

/** Does tasks in the memory of the one before: to get that anew takes longer than to read a file into it. */
class Clerk {
  #memory = new Uint8Array(0);
  readonly #keys = new KeyMemory();
  #isRehearsed = false;
  #task: Task | undefined;
  #run: Prepared = () => {};

  /** Does what can be done before the file is locked. */
  prepare(task: Task): void {
    this.#task = task;
    this.#run = prepareOperation(task.name, task.args, this.#keys);
    if (task.name !== 'apply' || this.#isRehearsed) return;
    if ((task.args[0] as Uint32Array).length < REHEARSED_ROWS * FIELD.stride) return;
    this.#isRehearsed = true;
    this.#rehearse(task.path);
  }

  /**
   * Does all but the writing, on the file as it happens to be, and forgets what came of it. Then this code is compiled,
   * this memory is there, and the file is in the system's cache, all of which spamd need not wait for.
   */
  #rehearse(path: string): void {
    let fd: number | undefined;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = fstatSync(fd);
      if (!stats.isFile()) return;
      for (let round = 0; round < REHEARSALS; round++) {
        const file = openForChange(this.#buffer(new DescriptorFile(fd, stats.size)), stats.blksize);
        this.#run(file);
        file.stage();
      }
    } catch {
      // Without the lock the file may be half written; what is really wrong with it comes up again under the lock.
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Does the task that was prepared. */
  perform(turn: Turn): Answer {
    const task = this.#task!;
    try {
      return { result: this.#writeAndUnlock(task, turn) };
    } catch (error) {
      const { code, message } = toStoreError(task.path, error);
      return { error: { code, message } };
    } finally {
      this.#run = () => {};
    }
  }

  #writeAndUnlock(task: Task, turn: Turn): unknown {
    let disk: number | undefined;
    try {
      let result: unknown;
      try {
        const descriptor = new DescriptorFile(turn.fd, turn.fileBytes);
        const file = openForChange(this.#buffer(descriptor), turn.blockBytes);
        result = this.#run(file);
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
    if (this.#memory.length < file.size) this.#memory = new Uint8Array(Math.ceil(file.size * 1.25));
    return new BufferedFile(file, this.#memory);
  }
}

const clerk = new Clerk();

parentPort?.on('message', (message: Task | Turn) => {
  if ('name' in message) {
    clerk.prepare(message);
    parentPort!.postMessage({ isReady: true } satisfies Answer);
  } else parentPort!.postMessage(clerk.perform(message));
});
