// Keeps a table in line with the database for as long as the daemon runs: new addresses in at once, expired ones out,
// and whatever others do to the table repaired.

import type { WhiteEntry, WhiteSource } from './difference.js';
import { type KeeperClock, SYSTEM_CLOCK } from './keeper-clock.js';
import { type KeeperLog, TroubleReport } from './keeper-reports.js';
import type { KeeperStatus } from './keeper-status.js';
import { Reconciler } from './reconciler.js';
import { isFull, type Table } from './table.js';
import { TableWriter } from './table-writer.js';

/** What a {@link TableKeeper} needs. */
export interface TableKeeperOptions {
  readonly table: Table;
  /** Everything white in the database, read at every look at the table. */
  readonly source: WhiteSource;
  readonly log: KeeperLog;
  readonly clock?: KeeperClock;
  /** Between two looks at the table; 60 when absent. */
  readonly reconcileIntervalSeconds?: number;
  /** Between two looks at the firewall's fingerprint; 2 when absent. */
  readonly fingerprintIntervalSeconds?: number;
  /** Whether the table is ours alone, so that whatever is not white is taken out of it. */
  readonly isOwner?: boolean;
}

/**
 * One table's keeper. Its methods never reject and it never ends the daemon: what fails is logged once, tried again
 * with growing pauses, and followed by a look at the whole table. It never empties a table, neither when it stops nor
 * when the database has nothing white.
 *
 * Entries that ended while no keeper ran are not known to be ours any more. A table that the firewall does not forget
 * by itself keeps them, unless it is ours alone or {@link expire} is told of them.
 */
export class TableKeeper {
  readonly #table: Table;
  readonly #log: KeeperLog;
  readonly #clock: KeeperClock;
  readonly #reconcileSeconds: number;
  readonly #fingerprintSeconds: number;
  readonly #writer: TableWriter;
  readonly #reconciler: Reconciler;
  readonly #trouble: TroubleReport;
  #failures = 0;
  #fingerprint: string | undefined;
  #timer: unknown;
  #fingerprintTimer: unknown;
  /** The look at the table that is under way. */
  #look: Promise<void> | undefined;
  #isLookWanted = false;
  /** The pushes that are under way. */
  #flush: Promise<void> | undefined;
  /** Pushes wait until a listing has ended. */
  #isQuiet = false;
  /** Pushes wait for the pause after one that failed. */
  #isPushFailing = false;
  #isStopped = false;

  constructor(options: TableKeeperOptions) {
    const { table, log, clock = SYSTEM_CLOCK } = options;
    this.#table = table;
    this.#log = log;
    this.#clock = clock;
    this.#reconcileSeconds = options.reconcileIntervalSeconds ?? 60;
    this.#fingerprintSeconds = options.fingerprintIntervalSeconds ?? 2;
    this.#writer = new TableWriter(table, () => clock.now());
    this.#reconciler = new Reconciler({ ...options, clock, writer: this.#writer });
    this.#trouble = new TroubleReport(table.name, log);
  }

  /** Brings the table in line with the database and goes on doing so; settles after the first attempt. */
  async start(): Promise<void> {
    await this.reconcile();
    void this.#checkFingerprint();
  }

  /**
   * Puts in entries that are new or live longer than before, at once; to be told of every one. Addresses are in
   * canonical text. Those known to be in the table for a while yet are left to the next look.
   */
  push(entries: Iterable<WhiteEntry>): void {
    this.#writer.push(entries, 2 * this.#reconcileSeconds);
    this.#startFlush();
  }

  /** Takes out addresses whose entries have ended, unless the firewall forgets them by itself. */
  expire(addresses: Iterable<string>): void {
    if (!this.#writer.forgets) this.remove(addresses);
  }

  /** Takes out addresses that are white no more before their time: trapped or deleted. */
  remove(addresses: Iterable<string>): void {
    this.#writer.remove(addresses);
    this.#startFlush();
  }

  /**
   * Takes another database for the one there was: what the table holds is as little ours as at the start, and whatever
   * the new database does not know of stays, unless the table is ours alone.
   */
  forget(): void {
    this.#reconciler.forget();
    void this.reconcile();
  }

  /** Looks at the whole table now, and once more where a look is under way already; settles when that is over. */
  async reconcile(): Promise<void> {
    this.#isLookWanted = true;
    if (!this.#isStopped) this.#look ??= this.#lookWhileWanted();
    await this.#look;
  }

  /** Stops for good, after what waits was written if the firewall lets it be; leaves the table as it is. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#fingerprintTimer);
    await this.#look;
    this.#startFlush();
    await this.#flush;
  }

  /** How the table fares. */
  status(): KeeperStatus {
    const { lastReconcile, counts } = this.#reconciler;
    const settled = lastReconcile === undefined ? 'starting' : 'in-line';
    return {
      table: this.#table.name,
      state: this.#trouble.message === undefined ? settled : 'failing',
      entries: this.#writer.held,
      waiting: this.#writer.waiting,
      ...this.#writer.counts,
      ...counts,
      failures: this.#failures,
      lastReconcile: lastReconcile ?? null,
      error: this.#trouble.message ?? null,
    };
  }

  async #lookWhileWanted(): Promise<void> {
    let pauseSeconds = 0;
    while (this.#isLookWanted && !this.#isStopped) {
      this.#isLookWanted = false;
      pauseSeconds = await this.#lookOnce();
    }
    this.#look = undefined;
    this.#lookIn(pauseSeconds);
  }

  #lookIn(seconds: number): void {
    this.#clock.clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = this.#clock.setTimeout(() => void this.reconcile(), seconds * 1000);
  }

  /** Gives the seconds until the next look. */
  async #lookOnce(): Promise<number> {
    let pauseSeconds: number | undefined;
    try {
      if (this.#isPushFailing) this.#isPushFailing = await this.#isTooFullToFlush();
      pauseSeconds = await this.#reconciler.run(isQuiet => this.#setQuiet(isQuiet));
      if (this.#isPushFailing) await this.#writer.flush();
    } catch (error) {
      return this.#fail(error);
    }
    this.#isPushFailing = false;
    this.#trouble.end(this.#clock.now());
    this.#startFlush();
    return Math.min(pauseSeconds ?? this.#reconcileSeconds, this.#reconcileSeconds);
  }

  /** A table that is full may yet have room after a look at what does not belong in it. */
  async #isTooFullToFlush(): Promise<boolean> {
    try {
      await this.#writer.flush();
      return false;
    } catch (error) {
      if (isFull(error)) return true;
      throw error;
    }
  }

  #fail(error: unknown): number {
    this.#failures += 1;
    const message = error instanceof Error ? error.message : String(error);
    return Math.min(this.#trouble.begin(message, this.#clock.now()), this.#reconcileSeconds);
  }

  #setQuiet(isQuiet: boolean): void {
    this.#isQuiet = isQuiet;
    this.#startFlush();
  }

  #startFlush(): void {
    if (this.#flush === undefined && this.#mayFlush()) this.#flush = this.#flushWhileWaiting();
  }

  #mayFlush(): boolean {
    return this.#writer.waiting > 0 && !this.#isQuiet && !this.#isPushFailing;
  }

  async #flushWhileWaiting(): Promise<void> {
    try {
      while (this.#mayFlush()) await this.#writer.flush();
    } catch (error) {
      this.#isPushFailing = true;
      const pauseSeconds = this.#fail(error);
      if (this.#look === undefined) this.#lookIn(pauseSeconds);
    }
    this.#flush = undefined;
  }

  async #checkFingerprint(): Promise<void> {
    // What is wrong with a firewall that does not tell is for the next look to find out.
    const fingerprint = await this.#table.fingerprint().catch(() => this.#fingerprint ?? '');
    if (fingerprint === undefined || this.#isStopped) return;
    if (this.#fingerprint !== undefined && fingerprint !== this.#fingerprint) {
      this.#log.info(`The ruleset has changed: looking at ${this.#table.name}`);
      void this.reconcile();
    }
    this.#fingerprint = fingerprint || undefined;
    const milliseconds = this.#fingerprintSeconds * 1000;
    this.#fingerprintTimer = this.#clock.setTimeout(() => void this.#checkFingerprint(), milliseconds);
  }
}
