// One look at a whole table: read it, compare it with the database, repair it, and say once what was found.

import { describeOdd, readWhiteList, type WhiteList, type WhiteSource } from './difference.js';
import type { EntryList } from './entry-list.js';
import type { KeeperClock } from './keeper-clock.js';
import { DriftReport, type KeeperLog, TroubleReport } from './keeper-reports.js';
import type { RepairPlan } from './repair-plan.js';
import { type Table, TableError } from './table.js';
import type { TableWriter } from './table-writer.js';

/** What a {@link Reconciler} needs. */
export interface ReconcilerOptions {
  readonly table: Table;
  readonly source: WhiteSource;
  readonly log: KeeperLog;
  readonly clock: KeeperClock;
  readonly writer: TableWriter;
  /** Whether the table is ours alone, so that whatever is not white is taken out of it. */
  readonly isOwner?: boolean;
}

/**
 * nft begins a listing anew whenever the ruleset changes under it, so that steady pushes would keep a large one from
 * ever ending. After this time pushes stand back until it has.
 */
const QUIET_AFTER_MS = 2000;

/** Who has so many of a table's entries go at once, and more than half of them, may not have meant to. */
const MANY_ENTRIES = 20;

/** Brings a table in line with the database, as often as it is run. */
export class Reconciler {
  readonly counts: { lost: number; foreign: number; reconciles: number } = {
    lost: 0,
    foreign: 0,
    reconciles: 0,
  };
  readonly #table: Table;
  readonly #source: WhiteSource;
  readonly #log: KeeperLog;
  readonly #clock: KeeperClock;
  readonly #writer: TableWriter;
  readonly #isOwner: boolean;
  readonly #databaseTrouble: TroubleReport;
  readonly #drift: DriftReport;
  #warnings: readonly string[] = [];
  #lastReconcile: number | undefined;
  /** Whether the next look is the first one since the start, or since the database was replaced. */
  #isFirst = true;

  constructor({ table, source, log, clock, writer, isOwner = false }: ReconcilerOptions) {
    this.#table = table;
    this.#source = source;
    this.#log = log;
    this.#clock = clock;
    this.#writer = writer;
    this.#isOwner = isOwner;
    this.#databaseTrouble = new TroubleReport(`Reading the whitelist for ${table.name}`, log);
    this.#drift = new DriftReport(table.name, log);
  }

  /** When the table was last in line, in seconds since the epoch. */
  get lastReconcile(): number | undefined {
    return this.#lastReconcile;
  }

  /** Knows nothing of the table any more, as at a start: the database was replaced. */
  forget(): void {
    this.#writer.forget();
    this.#isFirst = true;
  }

  /**
   * Looks and repairs; rejects with the table's error where the firewall fails. A database that fails is logged, and the
   * table left as it is: then gives the seconds after which to try again. `setQuiet` is told when pushes should stand
   * back for a listing, and when that is over.
   */
  async run(setQuiet: (isQuiet: boolean) => void): Promise<number | undefined> {
    const state = await this.#table.probe();
    this.#writer.forgets = state.forgets;
    this.#writer.beginLook();
    const warnings = [...state.warnings];
    try {
      // The table first: what the tarpit writes to both meanwhile is then white and missing, not foreign.
      const contents = await this.#read(setQuiet, warnings);
      const now = this.#clock.now();
      const white = await this.#readWhite(now);
      if (typeof white === 'number') return white;
      warnings.push(...describeOdd(white));
      await this.#repair(contents, white, now, warnings);
      return undefined;
    } finally {
      this.#writer.endLook();
      this.#warn(warnings);
    }
  }

  /** The table's contents, or undefined where the firewall cannot list so many. */
  async #read(setQuiet: (isQuiet: boolean) => void, warnings: string[]): Promise<EntryList | undefined> {
    const timer = this.#clock.setTimeout(() => setQuiet(true), QUIET_AFTER_MS);
    try {
      return await this.#table.read();
    } catch (error) {
      if (!(error instanceof TableError && error.code === 'too-many')) throw error;
      warnings.push(`${error.message}; until then every look pushes all entries anew`);
      return undefined;
    } finally {
      this.#clock.clearTimeout(timer);
      setQuiet(false);
    }
  }

  /** What is white, or the seconds to wait where the database does not tell: that is no trouble of the table's. */
  async #readWhite(now: number): Promise<WhiteList | number> {
    try {
      const white = await readWhiteList(this.#source, this.#table.families, now);
      this.#databaseTrouble.end(now);
      return white;
    } catch (error) {
      return this.#databaseTrouble.begin(error instanceof Error ? error.message : String(error), now);
    }
  }

  async #repair(
    contents: EntryList | undefined,
    { expires }: WhiteList,
    now: number,
    warnings: string[],
  ): Promise<void> {
    const difference = contents
      ? await this.#writer.compare(contents, expires, now)
      : await this.#writer.compareBlindly(expires, now);
    const isAddOnly = expires.size === 0;
    if (isAddOnly && difference.surplus.length > 0 && (this.#isOwner || this.#writer.held > 0)) {
      warnings.push(`Nothing is white in the database: ${this.#table.name} is left as it is`);
    }
    const isBlind = contents === undefined;
    const plan = await this.#writer.repair(difference, {
      isOwner: this.#isOwner,
      isAddOnly,
      isBlind,
      onTakenOut: (count, found) => this.#warnOfMany(count, found),
    });
    if (plan !== undefined) this.#report(plan);
  }

  #warnOfMany(count: number, found: number): void {
    if (count <= MANY_ENTRIES || count <= found / 2) return;
    this.#log.warn(`${this.#table.name}: ${count} of ${found} entries were not white any more and taken out`);
  }

  #report({ missing, removals, lost, foreign }: RepairPlan): void {
    if (this.#isFirst) {
      const done = `${missing.length} put in, ${removals.length} taken out`;
      this.#log.info(
        `${this.#table.name} is in line with the database: ${this.#writer.held} entries, ${done}`,
      );
    } else this.#drift.note({ lost, foreign });
    this.#isFirst = false;
    this.counts.lost += lost;
    this.counts.foreign += foreign;
    this.counts.reconciles += 1;
    this.#lastReconcile = this.#clock.now();
  }

  /** Logs the warnings that the last look did not have. */
  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) if (!this.#warnings.includes(warning)) this.#log.warn(warning);
    this.#warnings = warnings;
  }
}
