// The daemon's database for as long as it lives: opened anew when another file was put in its place.

import { statSync } from 'node:fs';
import type { SqliteOptions } from '../store/sqlite-store.js';
import { StoreError } from '../store/store.js';
import type { WorkerStore } from '../store/worker-store.js';
import { startDatabase } from './open-database.js';

/** What is told of a database. */
export interface DatabaseReports {
  /** Another file is in its place, and in use from now on. */
  readonly onReplaced: () => void;
  /** Another file is in its place and cannot be opened; it is tried again. */
  readonly onFailure: (error: StoreError) => void;
}

/** One database a daemon. */
export class LiveDatabase {
  readonly path: string;
  readonly #options: SqliteOptions;
  readonly #reports: DatabaseReports;
  #store: WorkerStore;
  #identity: string;
  #isReopening = false;

  private constructor(path: string, options: SqliteOptions, reports: DatabaseReports, store: WorkerStore) {
    this.path = path;
    this.#options = options;
    this.#reports = reports;
    this.#store = store;
    this.#identity = fileIdentity(path);
  }

  /** Opens a database. @throws {StoreError} */
  static async open(path: string, options: SqliteOptions, reports: DatabaseReports): Promise<LiveDatabase> {
    const store = await startDatabase(path, options);
    await store.opened();
    return new LiveDatabase(path, options, reports, store);
  }

  /** The database as it was opened last. */
  get store(): WorkerStore {
    return this.#store;
  }

  /** The database to write to: what is written to a file that was replaced is lost. @throws {StoreError} */
  storeInPlace(): WorkerStore {
    if (fileIdentity(this.path) === this.#identity) return this.#store;
    void this.check();
    throw new StoreError('missing', `Store "${this.path}" is not the file it was`);
  }

  /** Looks whether it is the file that it was, and opens the one that is there now. */
  async check(): Promise<void> {
    if (this.#isReopening || fileIdentity(this.path) === this.#identity) return;
    this.#isReopening = true;
    try {
      await this.#reopen();
    } catch (error) {
      this.#reports.onFailure(error as StoreError);
    } finally {
      this.#isReopening = false;
    }
  }

  async #reopen(): Promise<void> {
    // First of all: SQLite finds a database's journal by its name, and must not take the old one's for that of the new.
    await this.#store.close().catch(() => {});
    const fresh = await startDatabase(this.path, this.#options);
    await fresh.opened();
    this.#store = fresh;
    this.#identity = fileIdentity(this.path);
    this.#reports.onReplaced();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function fileIdentity(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return 'missing';
  }
}
