// The thread that changes databases: given a locked descriptor, it does one operation, writes, and lets go.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { FIELD } from '../../whitelist/batch.js';
import type { StoreError } from '../store.js';
import { openForChange } from './hash-file.js';
import { OPERATIONS, type Operations } from './operations.js';
import { DescriptorFile, LoadedFile, type PageSource } from './page-file.js';
import { toStoreError } from './store-errors.js';

/** Larger files are never in memory as a whole. */
const MOST_LOADED_BYTES = 2 ** 28;

/** A batch with a row for every so many bytes of a file reads the whole file. */
const LOADED_BYTES_A_ROW = 2 ** 16;

/** What the thread is asked. */
export interface Task {
  readonly path: string;
  /** Open for reading and writing, and locked; closed when the task is done, whatever came of it. */
  readonly fd: number;
  readonly fileBytes: number;
  /** st_blksize, a new file's page size. */
  readonly blockBytes: number;
  readonly name: keyof Operations;
  /** The operation's, after the file. */
  readonly args: readonly unknown[];
  /** Whether to change nothing. */
  readonly isDry: boolean;
}

/** What the thread answers, one answer a task, in order. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: StoreError['code']; readonly message: string } };

function perform(task: Task): Answer {
  try {
    return { result: writeAndUnlock(task) };
  } catch (error) {
    const { code, message } = toStoreError(task.path, error);
    return { error: { code, message } };
  }
}

function writeAndUnlock(task: Task): unknown {
  let disk: number | undefined;
  try {
    let result: unknown;
    try {
      const descriptor = new DescriptorFile(task.fd, task.fileBytes);
      const file = openForChange(load(task, descriptor), task.blockBytes);
      const operation = OPERATIONS[task.name] as (...args: readonly unknown[]) => unknown;
      result = operation(file, ...task.args);
      if (!task.isDry) {
        file.commit(descriptor);
        disk = openSync(task.path, 'r');
      }
    } finally {
      closeSync(task.fd);
    }
    // The tarpit need not wait for the disk: the lock has gone with the first descriptor.
    if (disk !== undefined) fsyncSync(disk);
    return result;
  } finally {
    if (disk !== undefined) closeSync(disk);
  }
}

/** Memory for a whole file, kept so that it need not be made ready for each batch. */
let memory = new Uint8Array(0);

/** The file to read from: all at once where most of it will be read, else page by page. */
function load({ name, args, fileBytes }: Task, file: DescriptorFile): PageSource {
  if (fileBytes > MOST_LOADED_BYTES) return file;
  const rows = name === 'apply' ? (args[0] as Uint32Array).length / FIELD.stride : 0;
  if (name !== 'expireWhite' && rows < fileBytes / LOADED_BYTES_A_ROW) return file;
  if (memory.length < fileBytes) memory = Buffer.allocUnsafeSlow(Math.ceil(fileBytes * 1.25));
  return new LoadedFile(memory.subarray(0, file.readInto(memory.subarray(0, fileBytes), 0)));
}

parentPort?.on('message', (task: Task) => parentPort!.postMessage(perform(task)));
