// The daemon's database for as long as it lives: opened anew when another file was put in its place.

import { rmSync, statSync } from 'node:fs';
import { formatDatabase } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import { type Store, StoreError } from '../store/store.js';
import { type DatabaseSettings, openLiveDatabase } from './open-database.js';
import type { SpamdReports } from './open-spamd-db.js';

const MISSING = 'missing';
const COMPANIONS = ['-wal', '-shm'] as const;

/** What is told of a database. */
export interface DatabaseReports extends SpamdReports {
  /** Another file is in its place, and in use from now on. */
  readonly onReplaced: () => void;
  /** Another file is in its place and cannot be opened; it is tried again. */
  readonly onFailure: (error: StoreError) => void;
}

/** One database a daemon. */
export class LiveDatabase {
  readonly name: string;
  readonly #path: string;
  readonly #settings: DatabaseSettings;
  readonly #reports: DatabaseReports;
  #store: Store;
  #identity: string;
  #checking: Promise<void> | undefined;
  /** SQLite's files beside the database, as they were when it was last seen to be in its place. */
  #companions: readonly string[] = [];
  #isClosed = false;

  private constructor(settings: DatabaseSettings, reports: DatabaseReports, store: Store) {
    const database = databaseOf(settings);
    this.name = formatDatabase(database);
    this.#path = database.path;
    this.#settings = settings;
    this.#reports = reports;
    this.#store = store;
    this.#identity = fileIdentity(this.#path);
  }

  /** Opens a database; `signal` breaks off the waiting for a lock, which then has failed. @throws {StoreError} */
  static async open(
    settings: DatabaseSettings,
    reports: DatabaseReports,
    signal?: AbortSignal,
  ): Promise<LiveDatabase> {
    return new LiveDatabase(settings, reports, await openIt(settings, reports, signal));
  }

  /** The database as it was opened last. */
  get store(): Store {
    return this.#store;
  }

  /** The database to write to: what is written to a file that was replaced is lost. @throws {StoreError} */
  storeInPlace(): Store {
    if (fileIdentity(this.#path) === this.#identity) return this.#store;
    void this.check();
    throw new StoreError('missing', `Store "${this.name}" is not the file it was`);
  }

  /** Looks whether it is the file that it was, and opens the one that is there now. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<void> {
    if (this.#isClosed) return;
    if (fileIdentity(this.#path) === this.#identity) {
      this.#companions = this.#companionIdentities();
      return;
    }
    try {
      await this.#reopen();
    } catch (error) {
      this.#reports.onFailure(error as StoreError);
    }
  }

  async #reopen(): Promise<void> {
    // First of all: SQLite finds a database's journal by its name, and must not take the old one's for that of the new.
    await this.#store.close().catch(() => {});
    this.#removeCompanions();
    this.#store = await openIt(this.#settings, this.#reports);
    this.#identity = fileIdentity(this.#path);
    this.#reports.onReplaced();
  }

  #companionIdentities(): string[] {
    return COMPANIONS.map(suffix => fileIdentity(this.#path + suffix));
  }

  /** A log whose database was taken away stays behind, and would be taken for that of the new one. */
  #removeCompanions(): void {
    this.#companionIdentities().forEach((identity, i) => {
      const isOurs = identity !== MISSING && identity === this.#companions[i];
      if (isOurs) rmSync(this.#path + COMPANIONS[i]!, { force: true });
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#store.close();
  }
}

/** SQLite's is made where it is missing; spamd makes its own. */
function openIt(settings: DatabaseSettings, reports: DatabaseReports, signal?: AbortSignal): Promise<Store> {
  const canCreate = databaseOf(settings).kind === 'sqlite';
  return openLiveDatabase(settings, { canCreate }, reports, signal);
}

function fileIdentity(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return MISSING;
  }
}
