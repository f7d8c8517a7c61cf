// The engine with all that hangs on it: tables, control socket, status. The same as a process of its own or alone.

import type { Logger } from 'pino';
import type { CaptureSession, Discard } from '../capture/capture-supervisor.js';
import { EXPOSITION_TYPE } from '../metrics/exposition.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import type { LiveRules } from '../pfconf/live/rules.js';
import { type ControlServer, openControlServer, TextAnswer } from '../system/control-server.js';
import type { PidFile } from '../system/pid-file.js';
import { TableKeeper } from '../table/keeper.js';
import type { Table } from '../table/table.js';
import { Engine } from './engine.js';
import { lockDatabase } from './lock-database.js';
import type { CaptureReport } from './messages.js';
import { metricsOf } from './metrics.js';
import { type StatusReport, statusLine, statusReport } from './status.js';
import { type SyncKeyText, SyncLink } from './sync-link.js';
import { whiteSource } from './white-source.js';

/** EX_DATAERR of sysexits(3): the capture was none. */
const DATA_ERROR = 65;

/** What a host is made with. */
export interface HostOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** The tables that the settings name, to be changed directly or through the monitor. */
  readonly tables: readonly Table[];
  readonly capture: () => CaptureReport;
  /** Ends a session of the capture that is of no use. */
  readonly discard: (reason: Discard) => void;
  /** Ends the daemon: it cannot do what it was started for. */
  readonly fail: (message: string) => void;
  /** Lines that the log has lost. */
  readonly logDropped: () => number;
  readonly version: string;
  /** The key of synchronisation, where the settings ask for that. */
  readonly syncKey?: SyncKeyText;
  /** Aborted when the start is to be given up. */
  readonly starting?: AbortSignal;
}

/** One host a daemon. */
export class EngineHost {
  readonly #options: HostOptions;
  readonly #engine: Engine;
  readonly #keepers: readonly TableKeeper[];
  readonly #lock: PidFile;
  readonly #since = Date.now() / 1000;
  #control: ControlServer | undefined;
  #hasBegun = false;
  #isEnding = false;
  #sync: SyncLink | undefined;

  private constructor(options: HostOptions, engine: Engine, lock: PidFile) {
    this.#options = options;
    this.#engine = engine;
    this.#lock = lock;
    this.#keepers = options.tables.map(table => this.#keep(table));
  }

  /** Opens the database, the control socket and the tables. @throws Error in one line, or when told to give up */
  static async start(options: HostOptions): Promise<EngineHost> {
    const { settings, logger, starting, discard, fail } = options;
    const lock = lockDatabase(databaseOf(settings));
    let host: EngineHost | undefined;
    try {
      const engine = await Engine.open({
        settings,
        logger,
        onDiscard: discard,
        onUnusable: error => fail(error.message),
        starting,
      });
      host = new EngineHost(options, engine, lock);
      const begin = [host.#expire, host.#startTables, host.#startSync];
      for (const step of [host.#openControl, ...(engine.isOpen ? begin : [host.#beginLater])]) {
        starting?.throwIfAborted();
        await step.call(host);
      }
      starting?.throwIfAborted();
      return host;
    } catch (error) {
      // Why it did not start is what matters.
      if (host) await host.#close().catch(() => {});
      else lock.release();
      throw error;
    }
  }

  async #openControl(): Promise<void> {
    this.#control = await openControlServer(this.#options.settings['control-socket'], {
      'GET /status': () => this.reportNow(),
      'GET /metrics': async () => new TextAnswer(EXPOSITION_TYPE, metricsOf(await this.reportNow())),
    });
  }

  #expire(): Promise<void> {
    return this.#engine.expire();
  }

  #startTables(): void {
    for (const keeper of this.#keepers) void keeper.start();
    this.#hasBegun = true;
  }

  /**
   * What goes by the database's contents begins when that is open. Where that is right before the end, there is no time
   * for what the next start does as well: tables are not looked at, but get what is written, as peers do.
   */
  #beginLater(): void {
    const begin = async (): Promise<void> => {
      if (!this.#isEnding) await this.#expire();
      if (!this.#isEnding) this.#startTables();
      await this.#startSync();
    };
    this.#engine.listen({
      onWhite: () => {},
      onExpired: () => {},
      onOpened: () => begin().catch(error => this.#options.fail((error as Error).message)),
    });
  }

  #keep(table: Table): TableKeeper {
    const { settings, logger } = this.#options;
    const engine = this.#engine;
    const keeper = new TableKeeper({
      table,
      log: { info: message => logger.info(message), warn: message => logger.warn(message) },
      reconcileIntervalSeconds: settings['reconcile-interval'],
      isOwner: settings['table-owner'],
      source: whiteSource(() => engine.storeInPlace()),
    });
    engine.listen({
      onWhite: white => keeper.push(white),
      onExpired: addresses => keeper.expire(addresses),
      onReplaced: () => keeper.forget(),
    });
    return keeper;
  }

  async #startSync(): Promise<void> {
    const { settings, logger, syncKey } = this.#options;
    if (syncKey === undefined) return;
    const engine = this.#engine;
    const sync = await SyncLink.start({
      settings,
      key: syncKey,
      store: () => engine.store,
      log: {
        info: line => logger.info(line),
        warn: line => logger.warn(line),
        error: line => logger.error(line),
      },
      onWhite: white => {
        engine.learnWhite(white);
        for (const keeper of this.#keepers) keeper.push(white);
      },
      onGone: addresses => {
        engine.learnGone(addresses);
        for (const keeper of this.#keepers) keeper.remove(addresses);
      },
    });
    engine.listen({ onWhite: white => sync.announce(white), onExpired: () => {} });
    this.#sync = sync;
  }

  read(session: CaptureSession): void {
    this.#engine.sessions.read(session);
  }

  /** Goes by the firewall's rules as they are now. */
  guard(rules: LiveRules): void {
    this.#engine.guard(rules);
  }

  /** Goes on with other settings. @throws {UsageError} when they make no policy */
  use(settings: Settings): void {
    this.#engine.use(settings);
    this.#sync?.use(settings);
    if (this.#hasBegun) for (const keeper of this.#keepers) void keeper.reconcile();
    this.#options.logger.level = settings['log-level'] ?? (settings.debug ? 'debug' : 'info');
  }

  /** All that `spamlogd status` tells, with what is white counted just now. */
  async reportNow(): Promise<StatusReport> {
    await this.#engine.recount();
    return this.#report();
  }

  #report(): StatusReport {
    const { capture, logDropped, version } = this.#options;
    return statusReport({
      version,
      since: this.#since,
      capture: capture(),
      engine: this.#engine.status(),
      tables: this.#keepers.map(keeper => keeper.status()),
      sync: this.#sync?.status() ?? null,
      logDropped: logDropped(),
    });
  }

  /** Logs how things are, in a line. */
  logStatus(): void {
    this.#options.logger.info(statusLine(this.#options.capture(), this.#engine.status()));
  }

  /**
   * Reads the sessions to their ends, commits everything, leaves the tables as they are; gives the exit status.
   * @throws {StoreError}
   */
  async stop(): Promise<number> {
    await this.#engine.sessions.finish();
    await this.#close();
    return this.#engine.sessions.isBroken ? DATA_ERROR : 0;
  }

  async #close(): Promise<void> {
    this.#isEnding = true;
    await this.#control?.close();
    // What begins when the database is open has begun then, and ends below.
    await this.#engine.stopOpening();
    await this.#sync?.stopListening();
    try {
      // What is written last goes to the tables and the peers as well.
      await this.#engine.close();
    } finally {
      await Promise.all(this.#keepers.map(keeper => keeper.stop()));
      await this.#sync?.close();
      this.#lock.release();
    }
  }
}
