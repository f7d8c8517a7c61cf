// Writes the live sightings: an address not known as white at once, refreshes once in an interval, and what the
// database does not take is kept until it does.

import { type BatchResult, OUTCOMES, type Store, StoreError } from '../store/store.js';
import { type Batch, FIELD, type LogRule } from '../whitelist/batch.js';
import { type BlockSighting, readSightings } from '../whitelist/sighting-block.js';
import { describeLoss } from './describe-loss.js';
import { KnownWhite } from './known-white.js';
import { type TakenTally, TallyQueue } from './tally-queue.js';

/** New addresses are collected for so long, so that a burst is one transaction. */
const COALESCE_MS = 5;

/** Addresses that may wait for a database that takes nothing. */
const MAXIMUM_WAITING = 500_000;

/** Fewer wait again: a database that takes a batch now and then does not yet keep up. */
const RELAXED_WAITING: number = MAXIMUM_WAITING / 2;

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** An address that is white, and until when, in seconds since the epoch. */
export interface WhiteAddress {
  readonly address: string;
  readonly expire: number;
  /** Whether it was not white before. */
  readonly isNew: boolean;
}

/** What the writer is made with. */
export interface LiveWriterOptions {
  readonly store: () => Store;
  readonly rules: () => readonly LogRule[];
  readonly whiteexpSeconds: number;
  readonly flushIntervalMs: number;
  /** Addresses in one transaction at most. New ones are written in between where more of them are refreshed. */
  readonly rowsAtOnce: number;
  /** Called after every transaction, with what became white or stays so longer. */
  readonly onWritten: (white: readonly WhiteAddress[]) => void;
  /** Called when the database begins to fail, or fails for another reason, and when it works again; undefined then. */
  readonly onTrouble: (error: StoreError | undefined) => void;
  /** Called when sightings begin to be dropped. */
  readonly onOverflow: () => void;
}

/** Counts since the start. */
export interface WriterCounts {
  /** Sightings written, and addresses in them. */
  readonly writtenSightings: number;
  readonly writtenAddresses: number;
  readonly added: number;
  readonly refreshed: number;
  readonly trapped: number;
  readonly transactions: number;
  /** Sightings dropped because too many waited. */
  readonly dropped: number;
  /** Addresses that wait. */
  readonly waiting: number;
  /** When something was last written, in seconds since the epoch; null when nothing was. */
  readonly lastFlush: number | null;
}

/** What was taken from a queue, and whether from that of the refreshes. */
interface Stuck {
  readonly taken: TakenTally;
  readonly isRefresh: boolean;
}

/** One writer a database; never rejects but in {@link drain}. */
export class LiveWriter {
  readonly known: KnownWhite = new KnownWhite();
  #options: LiveWriterOptions;
  #urgent: TallyQueue;
  #refresh: TallyQueue;
  /** Taken from the queues and not written yet, what is to be written next first. */
  readonly #stuck: Stuck[] = [];
  /** Room for a batch. */
  readonly #words: Uint32Array;
  #writing: Promise<void> | undefined;
  #urgentTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;
  #retryMs = 0;
  /** Why the database fails, as it was told. */
  #failure: string | undefined;
  #isOverflowing = false;
  #isRefreshDue = false;
  #isClosed = false;
  readonly #counts = { writtenSightings: 0, writtenAddresses: 0, added: 0, refreshed: 0, trapped: 0 };
  #transactions = 0;
  #dropped = 0;
  #lastFlush: number | null = null;

  constructor(options: LiveWriterOptions) {
    this.#options = options;
    this.#urgent = new TallyQueue(options.whiteexpSeconds);
    this.#refresh = new TallyQueue(options.whiteexpSeconds);
    this.#words = new Uint32Array(options.rowsAtOnce * FIELD.stride);
  }

  /** Goes on with other options. What waits is written with them; once it is drained, nothing changes any more. */
  use(options: LiveWriterOptions): void {
    if (this.#isClosed) return;
    this.#take(true);
    this.#options = options;
    this.#urgent = new TallyQueue(options.whiteexpSeconds);
    this.#refresh = new TallyQueue(options.whiteexpSeconds);
    this.#start();
  }

  /** Takes in sightings as `Tally.add` does; whatever becomes of them is told to `onWritten`. */
  add(words: Int32Array, end: number = words.length): void {
    for (const sighting of readSightings(words, end)) this.#addOne(words, sighting);
    if (this.#urgent.size > 0) this.#urgentTimer ??= setTimeout(() => this.#start(), COALESCE_MS);
    if (this.#refresh.size > 0) {
      this.#refreshTimer ??= setTimeout(() => {
        this.#refreshTimer = undefined;
        this.#isRefreshDue = true;
        this.#start();
      }, this.#options.flushIntervalMs);
    }
  }

  #addOne(words: Int32Array, { address, time, at, end }: BlockSighting): void {
    if (this.waiting >= MAXIMUM_WAITING) {
      this.#dropped++;
      if (!this.#isOverflowing) this.#options.onOverflow();
      this.#isOverflowing = true;
      return;
    }
    (this.known.has(...address, time) ? this.#refresh : this.#urgent).add(words.subarray(at, end));
  }

  /** Addresses that wait. */
  get waiting(): number {
    const stuck = this.#stuck.reduce((sum, { taken }) => sum + taken.left, 0);
    return this.#urgent.size + this.#refresh.size + stuck;
  }

  counts(): WriterCounts {
    const lastFlush = this.#lastFlush;
    const { waiting } = this;
    return { ...this.#counts, transactions: this.#transactions, dropped: this.#dropped, waiting, lastFlush };
  }

  #take(withRefreshes: boolean): void {
    const rules = [...this.#options.rules()];
    if (this.#urgent.size > 0) this.#stuck.push({ taken: this.#urgent.take(rules), isRefresh: false });
    if (withRefreshes && this.#refresh.size > 0)
      this.#stuck.push({ taken: this.#refresh.take(rules), isRefresh: true });
  }

  /** What is new does not wait for many refreshes, nor do they wait for all that is new. */
  #takeUrgentFirst(): void {
    if (this.#urgent.size === 0) return;
    this.#stuck.unshift({ taken: this.#urgent.take([...this.#options.rules()]), isRefresh: false });
  }

  #start(): void {
    if (this.#retryMs === 0) this.#run();
  }

  /** Tries what waits at once: the database has come back, or is another one. What fails then is a new failure. */
  retry(): void {
    clearTimeout(this.#retryTimer);
    this.#failure = undefined;
    if (!this.#isClosed) this.#run();
  }

  /** Not at once: the write that ends before it has waited for anything must not be noted as under way after it. */
  #run(): void {
    this.#writing ??= Promise.resolve().then(() => this.#writeWhileWaiting());
  }

  async #writeWhileWaiting(): Promise<void> {
    for (;;) {
      clearTimeout(this.#urgentTimer);
      this.#urgentTimer = undefined;
      // What the database does not take is not added to batch by batch: in a tally an address is one row, however often.
      if (this.#stuck.length === 0) {
        this.#take(this.#isRefreshDue);
        this.#isRefreshDue = false;
      }
      const first = this.#stuck[0];
      if (first === undefined) break;
      const { taken, isRefresh } = first;
      const batch = taken.batch(this.#words);
      if (!(await this.#write(batch))) break;
      taken.skip(batch.length);
      if (taken.left === 0) this.#stuck.shift();
      else if (isRefresh) this.#takeUrgentFirst();
    }
    this.#writing = undefined;
  }

  /** Whether the batch was written; if not, it is tried again later. */
  async #write(batch: Batch): Promise<boolean> {
    let result: BatchResult;
    try {
      result = await this.#options.store().applyBatch(batch, this.#options.whiteexpSeconds);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (this.#retryMs > 0) this.#options.onTrouble(undefined);
    this.#retryMs = 0;
    this.#failure = undefined;
    if (this.waiting < RELAXED_WAITING) this.#isOverflowing = false;
    this.#settle(batch, result);
    return true;
  }

  #fail(error: unknown): void {
    const failure =
      error instanceof StoreError
        ? error
        : new StoreError('failed', (error as Error).message, { cause: error });
    if (failure.message !== this.#failure) this.#options.onTrouble(failure);
    this.#failure = failure.message;
    this.#retryMs = Math.min(Math.max(FIRST_RETRY_MS, 2 * this.#retryMs), LAST_RETRY_MS);
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(() => this.#run(), this.#retryMs);
  }

  #settle(batch: Batch, { outcomes, expires }: BatchResult): void {
    const white: WhiteAddress[] = [];
    for (let row = 0; row < batch.length; row++) {
      const at = row * FIELD.stride;
      const { words } = batch;
      const outcome = OUTCOMES[outcomes[row]!]!;
      const expire = expires[row]!;
      this.#counts[outcome]++;
      this.#counts.writtenSightings += words[at + FIELD.count]!;
      if (outcome === 'trapped') continue;
      this.known.set(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, expire);
      white.push({ address: batch.address(row), expire, isNew: outcome === 'added' });
    }
    this.#counts.writtenAddresses += batch.length;
    this.#transactions++;
    this.#lastFlush = Date.now() / 1000;
    this.#options.onWritten(white);
  }

  /**
   * Writes all that waits, and takes no more.
   * @throws {StoreError} when the database does not take it; the message tells how much is lost, and {@link counts} has
   *   it as waiting
   */
  async drain(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#refreshTimer);
    clearTimeout(this.#urgentTimer);
    clearTimeout(this.#retryTimer);
    await this.#writing;
    this.#take(true);
    let failure: StoreError | undefined;
    const { onTrouble } = this.#options;
    this.#options = {
      ...this.#options,
      onTrouble: error => {
        failure = error;
        if (error === undefined) onTrouble(error);
      },
    };
    this.#retryMs = 0;
    this.#failure = undefined;
    await this.#writeWhileWaiting();
    if (failure === undefined) return;
    const lost = this.#stuck.map(({ taken }) => taken.batch(new Uint32Array(taken.left * FIELD.stride)));
    const loss = describeLoss(lost, this.#dropped);
    throw new StoreError(failure.code, `${failure.message}; ${loss}`, { cause: failure });
  }
}
