// The engine: from the bytes of a capture to the database, the tables and the peers.

import type { Logger } from 'pino';
import { formatWords } from '../address/address.js';
import type { Discard } from '../capture/capture-supervisor.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import type { LiveRules } from '../pfconf/live/rules.js';
import type { Store, StoreError } from '../store/store.js';
import { DIRECTION } from '../whitelist/batch.js';
import { originDirection, readSightings } from '../whitelist/sighting-block.js';
import { DatabaseTroubles } from './database-troubles.js';
import { Housekeeping } from './housekeeping.js';
import { type DatabaseReports, LiveDatabase } from './live-database.js';
import { LivePolicy } from './live-policy.js';
import { LiveWriter, type LiveWriterOptions, type WhiteAddress, type WriterCounts } from './live-writer.js';
import { type Counts, Pipeline } from './pipeline.js';
import { SessionReader } from './session-reader.js';

/** How often white entries are looked at for their end. */
const EXPIRY_INTERVAL_MS = 60_000;

/** Addresses in one transaction: a lock of SQLite's is held but for a moment, while spamd's file is read for each. */
const ROWS_AT_ONCE = { sqlite: 5000, spamd: 25_000 } as const;

/** How often the database's file is looked at: another may have been put in its place. */
const FILE_CHECK_MS = 2_000;

/** How often the interface that counts is looked at. */
const INTERFACE_CHECK_MS = 500;

/** What is told when addresses become white, stay so longer, or are white no more. */
export interface WhiteListener {
  onWhite(white: readonly WhiteAddress[]): void;
  onExpired(addresses: readonly string[]): void;
  /** Another database is in the place of the one there was. */
  onReplaced?(): void;
  /** The database, locked at the start, is open; nothing is written to it before this is done. Never rejects. */
  onOpened?(): Promise<void>;
}

/** What an engine is made with. */
export interface EngineOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Told of a session whose stream cannot be used. */
  readonly onDiscard: (discard: Discard) => void;
  /** The database, locked at the start, turned out to be one that cannot be used. */
  readonly onUnusable: (error: StoreError) => void;
  /** Aborted when the start is to be given up: the waiting for a lock then fails. */
  readonly starting?: AbortSignal | undefined;
}

/** What the engine says of itself. */
export interface EngineStatus extends Counts, WriterCounts {
  readonly database: string;
  readonly databaseError: string | null;
  /** White entries in the database when they were last counted, see {@link Engine.recount}; null before that. */
  readonly entries: number | null;
  readonly expired: number;
  /** Rows of IPv6 addresses that the database does not keep, as spamd's keeps none. */
  readonly ipv6NotKept: number;
  /** When the last packet came, in seconds since the epoch; null when none did. */
  readonly lastPacket: number | null;
  readonly linkType: number | null;
}

/** One engine a daemon. */
export class Engine {
  readonly #logger: Logger;
  readonly #listeners: WhiteListener[] = [];
  readonly #policy: LivePolicy;
  readonly #pipeline: Pipeline;
  /** Takes in what is captured. */
  readonly sessions: SessionReader;
  readonly #writer: LiveWriter;
  readonly #database: LiveDatabase;
  readonly #troubles: DatabaseTroubles;
  #settings: Settings;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Why nothing is written: the database was locked at the start, and its listeners do not know yet that it is open. */
  #held: StoreError | undefined;
  /** Settles when they know. */
  #opened: Promise<void> | undefined;
  readonly #housekeeping: Housekeeping;
  #ipv6NotKept = 0;

  private constructor({ settings, logger, onDiscard }: EngineOptions, database: LiveDatabase) {
    this.#settings = settings;
    this.#logger = logger;
    this.#database = database;
    this.#policy = new LivePolicy({ settings, logger, onPolicy: policy => this.#pipeline.use(policy) });
    this.#pipeline = new Pipeline(this.#policy.make(), (words, end) => this.#onBlock(words, end));
    const onBegin = (): void => this.#policy.renew();
    this.sessions = new SessionReader({ pipeline: this.#pipeline, logger, onBegin, onDiscard });
    this.#troubles = new DatabaseTroubles(database.name, logger, () => this.#writer.counts().dropped);
    this.#writer = new LiveWriter(this.#writerOptions());
    this.#housekeeping = new Housekeeping({
      store: () => this.store,
      isExpiring: () => !this.#settings['no-expire'],
      logger,
      onExpired: addresses => this.#onExpired(addresses),
    });
  }

  /** Goes by the firewall's rules as they are now; those that redirect to a tarpit log nothing that counts. */
  guard(rules: LiveRules): void {
    this.#policy.guard(rules);
  }

  /** Opens the database, later where it is locked: {@link isOpen} tells. @throws {StoreError} @throws {UsageError} */
  static async open(options: EngineOptions): Promise<Engine> {
    const { settings, logger, onUnusable, starting } = options;
    const reports: DatabaseReports = {
      warn: line => logger.warn(line),
      onIpv6: addresses => engine.#onIpv6(addresses),
      onOpened: () => engine.#onOpened(),
      onUnusable,
      onReplaced: () => engine.#onReplaced(),
      onRevived: () => engine.#onRevived(),
      onFailure: error => engine.#troubles.fail(error),
    };
    const database = await LiveDatabase.open(settings, reports, starting);
    const engine = new Engine(options, database);
    engine.#held = database.lock;
    if (database.lock !== undefined) engine.#troubles.fail(database.lock);
    engine.#timers.push(
      setInterval(() => void engine.expire(), EXPIRY_INTERVAL_MS),
      setInterval(() => void database.check(), FILE_CHECK_MS),
      setInterval(() => engine.#policy.checkInterface(), INTERFACE_CHECK_MS),
    );
    return engine;
  }

  /** Whether the database has been opened. */
  get isOpen(): boolean {
    return this.#database.lock === undefined;
  }

  /** The database as it was opened last. @throws {StoreError} when it never was */
  get store(): Store {
    return this.#database.store;
  }

  /**
   * The database, for those that go by all that is in it: a table's keeper. If it was replaced, listeners have been told.
   * @throws {StoreError} when the one in its place cannot be opened
   */
  async storeInPlace(): Promise<Store> {
    await this.#database.check();
    return this.#database.storeInPlace();
  }

  listen(listener: WhiteListener): void {
    this.#listeners.push(listener);
  }

  /** Takes in what others made white, or longer so: it is not told to peers again. */
  learnWhite(white: readonly WhiteAddress[]): void {
    for (const { address, expire, isNew } of white) {
      this.#writer.known.setText(address, expire);
      if (isNew) this.#logger.info(`whitelisting ${address}, as a peer says`);
    }
  }

  /** Takes in what others made white no more. */
  learnGone(addresses: readonly string[]): void {
    for (const address of addresses) this.#writer.known.setText(address, 0);
  }

  #writerOptions(): LiveWriterOptions {
    return {
      store: () => this.#storeToWrite(),
      rules: () => this.#pipeline.rules,
      whiteexpSeconds: this.#settings.whiteexp * 3600,
      flushIntervalMs: this.#settings['flush-interval'] * 1000,
      rowsAtOnce: ROWS_AT_ONCE[databaseOf(this.#settings).kind],
      onWritten: white => this.#onWritten(white),
      onTrouble: error => (error === undefined ? this.#troubles.end() : this.#troubles.fail(error)),
      onOverflow: () =>
        this.#logger.warn('too many sightings wait for the database: further ones are dropped'),
    };
  }

  #onBlock(words: Int32Array, end: number): void {
    if (this.#logger.isLevelEnabled('debug')) {
      for (const { address, origin } of readSightings(words, end)) {
        const direction = originDirection(origin) === DIRECTION.in ? 'inbound' : 'outbound';
        this.#logger.debug(`${direction} ${formatWords(...address)}`);
      }
    }
    this.#writer.add(words, end);
  }

  #onWritten(white: readonly WhiteAddress[]): void {
    for (const { address, isNew } of white) if (isNew) this.#logger.info(`whitelisting ${address}`);
    for (const listener of this.#listeners) listener.onWhite(white);
  }

  /** Takes out what has ended, and counts what is white. Done every minute; never rejects. */
  expire(): Promise<void> {
    return this.isOpen ? this.#housekeeping.run() : Promise.resolve();
  }

  #onExpired(addresses: readonly string[]): void {
    this.learnGone(addresses);
    for (const listener of this.#listeners) listener.onExpired(addresses);
  }

  #onIpv6(addresses: number): void {
    if (this.#ipv6NotKept === 0)
      this.#logger.info('spamd keeps no IPv6 addresses: those go to the tables alone, and are counted');
    this.#ipv6NotKept += addresses;
  }

  #storeToWrite(): Store {
    if (this.#held !== undefined) throw this.#held;
    return this.#database.storeInPlace();
  }

  #onOpened(): void {
    this.#opened = this.#tellOpened();
  }

  async #tellOpened(): Promise<void> {
    await Promise.all(this.#listeners.map(listener => listener.onOpened?.()));
    this.#held = undefined;
    this.#troubles.end();
    this.#writer.retry();
  }

  #onRevived(): void {
    this.#troubles.end();
    this.#writer.retry();
  }

  #onReplaced(): void {
    this.#logger.warn(`database "${this.#database.name}" was replaced: using the new one`);
    this.#troubles.end();
    this.#writer.known.clear();
    this.#housekeeping.forget();
    this.#writer.retry();
    for (const listener of this.#listeners) listener.onReplaced?.();
  }

  /** Goes on with other settings, those that need no restart. @throws {UsageError} when they make no policy */
  use(settings: Settings): void {
    this.#policy.use(settings);
    this.#settings = settings;
    this.#writer.use(this.#writerOptions());
  }

  /** Counts what is white, for a status that tells how things are now. Never rejects, and soon gives up waiting. */
  async recount(): Promise<void> {
    if (this.isOpen) await this.#housekeeping.recount();
  }

  status(): EngineStatus {
    return {
      ...this.#pipeline.counts(),
      ...this.#writer.counts(),
      database: this.#database.name,
      databaseError: this.#troubles.present,
      entries: this.#housekeeping.white,
      expired: this.#housekeeping.expired,
      ipv6NotKept: this.#ipv6NotKept,
      lastPacket: this.sessions.lastPacket,
      linkType: this.sessions.linkType,
    };
  }

  /** Tries a last time to open what is locked; fulfilled when listeners have done what they do once it is open. */
  async stopOpening(): Promise<void> {
    await this.#database.stopOpening();
    await this.#opened;
  }

  /** Commits everything that was seen, and closes the database. @throws {StoreError} when it could not be written */
  async close(): Promise<void> {
    this.#housekeeping.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#pipeline.flush();
    await this.stopOpening();
    this.#held = undefined;
    // Another file may have been put in its place since it was last looked at.
    await this.#database.check();
    try {
      await this.#writer.drain();
    } finally {
      await this.#database.close();
    }
  }
}
