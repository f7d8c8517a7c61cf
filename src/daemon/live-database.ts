// The daemon's database for as long as it lives: opened as soon as its lock allows, and anew when another file was put in
// its place.

import { rmSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { formatDatabase } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import { type Store, StoreError } from '../store/store.js';
import { type DatabaseSettings, openLiveDatabase } from './open-database.js';
import type { SpamdReports } from './open-spamd-db.js';
import { realPathOf } from './real-path.js';

const MISSING = 'missing';
/** The identity of no file, there or not. */
const NONE = 'none';
const COMPANIONS = ['-wal', '-shm'] as const;

/** How long the start waits for a lock, and how long every later attempt to open does. */
const START_PATIENCE_MS = 1_000;
const LATER_PATIENCE_MS = 5_000;

/** Between two attempts. */
const PAUSE_MS = 500;

/** What is told of a database. */
export interface DatabaseReports extends SpamdReports {
  /** It was locked at the start, and is open now, if only for the end. */
  readonly onOpened: () => void;
  /** It was locked at the start, and cannot be opened for a reason that no waiting cures. */
  readonly onUnusable: (error: StoreError) => void;
  /** Another file is in its place, and in use from now on. */
  readonly onReplaced: () => void;
  /** Its thread had died, and another one has it. */
  readonly onRevived: () => void;
  /** It, or another file in its place, cannot be opened; it is tried again. */
  readonly onFailure: (error: StoreError) => void;
}

/** One database a daemon. */
export class LiveDatabase {
  readonly name: string;
  readonly #path: string;
  readonly #settings: DatabaseSettings;
  readonly #reports: DatabaseReports;
  #lock: StoreError | undefined;
  #store: Store | undefined;
  #identity: string = MISSING;
  #opening: Promise<void> = Promise.resolve();
  readonly #ending = new AbortController();
  #checking: Promise<void> | undefined;
  /** SQLite's files beside the database, as they were when it was last seen to be in its place. */
  #companions: ReadonlyMap<string, string> = new Map();
  #isClosed = false;

  private constructor(settings: DatabaseSettings, reports: DatabaseReports) {
    const database = databaseOf(settings);
    this.name = formatDatabase(database);
    this.#path = database.path;
    this.#settings = settings;
    this.#reports = reports;
  }

  /**
   * Opens a database. One that is locked is opened later: {@link lock} tells.
   * @param signal breaks off the waiting for a lock, which then has failed
   * @throws {StoreError} of any other kind
   */
  static async open(
    settings: DatabaseSettings,
    reports: DatabaseReports,
    signal?: AbortSignal,
  ): Promise<LiveDatabase> {
    const database = new LiveDatabase(settings, reports);
    await database.#begin(signal);
    return database;
  }

  async #begin(signal: AbortSignal | undefined): Promise<void> {
    if (await this.#tryOpen(START_PATIENCE_MS, signal)) return;
    signal?.throwIfAborted();
    this.#opening = this.#openLater();
  }

  async #tryOpen(patienceMs: number, signal?: AbortSignal): Promise<boolean> {
    const before = fileIdentity(this.#path);
    try {
      this.#store = await openIt(this.#settings, this.#reports, patienceMs, signal);
    } catch (error) {
      if ((error as StoreError).code !== 'busy') throw error;
      this.#lock = error as StoreError;
      return false;
    }
    this.#noteFiles(before);
    this.#lock = undefined;
    return true;
  }

  /** Tries for as long as it is locked; once more when the daemon ends, for what waits. */
  async #openLater(): Promise<void> {
    const { signal } = this.#ending;
    try {
      for (let isLast = false; !isLast; ) {
        await setTimeout(PAUSE_MS, undefined, { signal }).catch(() => {});
        isLast = signal.aborted;
        if (await this.#tryOpen(LATER_PATIENCE_MS)) break;
      }
    } catch (error) {
      this.#reports.onUnusable(error as StoreError);
      return;
    }
    if (this.#store !== undefined) this.#reports.onOpened();
  }

  /** Why it is not open yet: another program has had it locked since before the start. */
  get lock(): StoreError | undefined {
    return this.#lock;
  }

  /** The database as it was opened last. @throws {StoreError} when it never was */
  get store(): Store {
    if (this.#store === undefined) throw this.#lock!;
    return this.#store;
  }

  /** The database to write to: what is written to a file that was replaced is lost. @throws {StoreError} */
  storeInPlace(): Store {
    const { store } = this;
    const isSame = fileIdentity(this.#path) === this.#identity;
    if (isSame && !store.isDead) return store;
    void this.check();
    if (isSame) throw new StoreError('failed', `Store "${this.name}" is being opened again`);
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
    if (this.#isClosed || this.#store === undefined) return;
    const isSame = fileIdentity(this.#path) === this.#identity;
    if (isSame && !this.#store.isDead) {
      this.#companions = this.#companionIdentities();
      return;
    }
    try {
      await (isSame ? this.#revive() : this.#reopen());
    } catch (error) {
      this.#reports.onFailure(error as StoreError);
    }
  }

  /** As it is, with what its log holds. */
  async #revive(): Promise<void> {
    await this.#openAnew();
    this.#reports.onRevived();
  }

  async #reopen(): Promise<void> {
    // First of all: SQLite finds a database's journal by its name, and must not take the old one's for that of the new.
    await this.store.close().catch(() => {});
    // The old one is closed for good: should it come back, it is opened anew.
    this.#identity = NONE;
    this.#removeCompanions();
    this.#companions = new Map();
    await this.#openAnew();
    this.#reports.onReplaced();
  }

  async #openAnew(): Promise<void> {
    const before = fileIdentity(this.#path);
    this.#store = await openIt(this.#settings, this.#reports);
    this.#noteFiles(before);
  }

  /**
   * Which files are those of the database that was opened just now: it may be replaced before it is next looked at, and
   * may have been while it was opened. Then nothing tells which of both it is, and the next look opens it anew.
   * @param before what was there before it was opened
   */
  #noteFiles(before: string): void {
    const after = fileIdentity(this.#path);
    const isSame = before === after || before === MISSING;
    this.#identity = isSame ? after : NONE;
    this.#companions = isSame ? this.#companionIdentities() : new Map();
  }

  /** By their paths: SQLite names them after where links lead. None where those lead nowhere. */
  #companionIdentities(): Map<string, string> {
    try {
      const path = realPathOf(this.#path);
      return new Map(COMPANIONS.map(suffix => [path + suffix, fileIdentity(path + suffix)]));
    } catch {
      return new Map();
    }
  }

  /** A log whose database was taken away stays behind, and would be taken for that of the new one. */
  #removeCompanions(): void {
    for (const [path, identity] of this.#companionIdentities()) {
      const isOurs = identity !== MISSING && identity === this.#companions.get(path);
      if (isOurs) rmSync(path, { force: true });
    }
  }

  /** Tries a last time to open what is locked, and no more; fulfilled when that is over. */
  async stopOpening(): Promise<void> {
    this.#ending.abort();
    await this.#opening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stopOpening();
    await this.#store?.close();
  }
}

/** SQLite's is made where it is missing; spamd makes its own. */
function openIt(
  settings: DatabaseSettings,
  reports: DatabaseReports,
  patienceMs: number = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<Store> {
  const canCreate = databaseOf(settings).kind === 'sqlite';
  return openLiveDatabase(settings, { canCreate, patienceMs }, reports, signal);
}

function fileIdentity(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return MISSING;
  }
}
