// replay: whitelists from recorded captures as the daemon would have, by the packets' own clock, and reports.

import { inTimeOrder, scanSavefile } from '../capture/savefile.js';
import { isWarning, SavefileError } from '../capture/savefile-error.js';
import { backupIfWanted } from '../daemon/backup-database.js';
import { guardedPolicy } from '../daemon/guarded-policy.js';
import { openDatabase, openDryDatabase, sqliteStarter } from '../daemon/open-database.js';
import { Pipeline } from '../daemon/pipeline.js';
import { LocalSink, type SightingSink } from '../daemon/sighting-sink.js';
import { WorkerSink } from '../daemon/worker-sink.js';
import { formatDatabase } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import type { Policy } from '../policy/policy.js';
import { checkCaptures } from './check-captures.js';
import type { Context } from './command.js';
import { EXIT, exitStatus } from './exit-status.js';
import { Progress } from './progress.js';
import { type ReplayReport, reportJson, reportText } from './replay-report.js';
import { ReplaySummary } from './replay-summary.js';
import { Timeline } from './timeline.js';

/** A batch is written when so many words of sightings wait (2.5 million of IPv4), or so much time has gone by. */
const BATCH_WORDS = 7_500_000;
const BATCH_MS = 10_000;
const PICTURE_COLUMNS = 60;
const BUSIEST = 10;

/** Runs the command. @throws {StoreError} @throws {SavefileError} @throws {UsageError} before anything was written */
export async function run(context: Context): Promise<number> {
  const { settings, operands, output, warn } = context;
  if (settings.push && settings.table.length === 0) throw new UsageError('option "--push" needs --table');
  if (settings['pf-fd'] !== undefined) {
    const { checkPfDevice } = await import('../daemon/firewall-runner.js');
    checkPfDevice(settings['pf-fd']);
  }
  const tell = (line: string): void => warn(`warning: ${line}`);
  const policy = await guardedPolicy(settings, tell, tell);
  checkCaptures(operands);
  const paths = await inTimeOrder(operands);
  if (!settings['dry-run']) await backupIfWanted(settings);
  const sink = await openSink(settings, warn);
  const interrupt = listenForInterrupt();
  const replay = new Replay(policy, sink, settings.strict, warn, interrupt.signal);
  try {
    await replay.run(paths);
    interrupt.release();
    if (replay.hasNothing) return replay.status;
    const report = { ...replay.report(), paths, isDryRun: settings['dry-run'] };
    output.add(
      settings.json
        ? `${JSON.stringify(reportJson(report))}\n`
        : reportText(report, formatDatabase(databaseOf(settings))),
    );
    const pushed = settings.push ? await push(context, sink) : EXIT.ok;
    return pushed || (report.isInterrupted ? EXIT.interrupted : replay.status);
  } finally {
    interrupt.release();
    await sink.close();
  }
}

/** Puts what is white now into the tables; gives the status of the first that fails. @throws {StoreError} */
async function push({ settings, output, warn }: Context, sink: SightingSink): Promise<number> {
  const [{ openTables, pushTable }, { whiteSource }, { describePush, pushOptions }, { eachTable }] =
    await Promise.all([
      import('../daemon/push-tables.js'),
      import('../daemon/white-source.js'),
      import('./table.js'),
      import('./each-table.js'),
    ]);
  const source = whiteSource(() => sink.store);
  const options = pushOptions(settings, warn);
  return eachTable(await openTables(settings), { output, warn }, async table => {
    const report = await pushTable(table, source, Date.now() / 1000, options);
    if (!settings.json) output.add(`${describePush(report, settings)}\n`);
  });
}

async function openSink(settings: Settings, warn: (message: string) => void): Promise<SightingSink> {
  const whiteexpSeconds = settings.whiteexp * 3600;
  const database = databaseOf(settings);
  if (settings['dry-run']) {
    const now = Math.floor(Date.now() / 1000);
    return new LocalSink(await openDryDatabase(settings, now, { warn }), whiteexpSeconds);
  }
  if (database.kind === 'sqlite')
    return new WorkerSink(await sqliteStarter(settings, { canCreate: true }), whiteexpSeconds);
  // It has a thread of its own for the file, and is spamd's to make.
  let isToldOfIpv6 = false;
  const onIpv6 = (): void => {
    if (!isToldOfIpv6)
      warn("warning: spamd keeps no IPv6 addresses: those are in the sightings' database alone");
    isToldOfIpv6 = true;
  };
  return new LocalSink(await openDatabase(settings, {}, { warn, onIpv6 }), whiteexpSeconds);
}

/** The first Ctrl-C ends the reading; a second one ends the program as usual. */
function listenForInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const release = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return { signal: controller.signal, release };
}

class Replay {
  /** The exit status if nothing interrupts. */
  status: number = EXIT.ok;
  readonly #pipeline: Pipeline;
  readonly #sink: SightingSink;
  readonly #isStrict: boolean;
  readonly #warn: (message: string) => void;
  readonly #signal: AbortSignal;
  readonly #summary = new ReplaySummary();
  readonly #timeline = new Timeline();
  readonly #progress = new Progress(process.stderr);
  readonly #start = performance.now();
  #written = performance.now();
  #waiting = 0;
  #busy: Promise<void> | undefined;
  #begun = 0;
  #files = 0;
  #truncated = 0;
  #seconds = 0;

  constructor(
    policy: Policy,
    sink: SightingSink,
    isStrict: boolean,
    warn: (message: string) => void,
    signal: AbortSignal,
  ) {
    this.#sink = sink;
    this.#isStrict = isStrict;
    this.#warn = warn;
    this.#signal = signal;
    this.#pipeline = new Pipeline(policy, (words, end) => {
      this.#waiting += end;
      this.#timeline.addBlock(words, end);
      this.#busy = sink.add(words, end);
    });
  }

  async run(paths: readonly string[]): Promise<void> {
    try {
      for (const path of paths) {
        if (this.#signal.aborted) break;
        this.#begun++;
        await this.#scan(path);
      }
      if (!this.hasNothing) await this.#write();
    } finally {
      this.#progress.clear();
      this.#seconds = (performance.now() - this.#start) / 1000;
    }
  }

  async #scan(path: string): Promise<void> {
    const pipeline = this.#pipeline;
    const before = pipeline.packets;
    try {
      await scanSavefile(path, {
        signal: this.#signal,
        onRecords: parser => pipeline.drain(parser),
        onProgress: (position, size) => this.#onProgress(position, size),
      });
      this.#files++;
    } catch (error) {
      this.#noteDamage(error);
      const isRefused = (error as SavefileError).code !== 'corrupt' && !isWarning(error as SavefileError);
      if (!isRefused || pipeline.packets > before) this.#files++;
    }
  }

  /** Whether no capture could be read: there is nothing to write then, and nothing to report. */
  get hasNothing(): boolean {
    return this.#files === 0 && !this.#signal.aborted;
  }

  #onProgress(position: number, size: number | undefined): Promise<void> | undefined {
    this.#progress.update(position, size, () => this.#pipeline.packets);
    if (this.#waiting >= BATCH_WORDS || performance.now() - this.#written >= BATCH_MS) return this.#write();
    return this.#busy;
  }

  /** What came before the damage counts, and so do the other captures; the exit status tells. */
  #noteDamage(error: unknown): void {
    if (!(error instanceof SavefileError)) throw error;
    this.#progress.clear();
    if (!isWarning(error)) {
      this.status = exitStatus(error)!;
      this.#warn(error.message);
      return;
    }
    if (error.code === 'truncated') this.#truncated++;
    this.#warn(`warning: ${error.message}`);
    if (this.#isStrict) this.status = EXIT.dataError;
  }

  async #write(): Promise<void> {
    const { batch, result } = await this.#sink.commit(this.#pipeline.takeRules());
    this.#summary.add(batch, result);
    this.#waiting = 0;
    this.#written = performance.now();
  }

  report(): Omit<ReplayReport, 'paths' | 'isDryRun'> {
    return {
      ...this.#pipeline.counts(),
      ...this.#summary.outcomes(),
      addresses: this.#summary.addresses,
      truncated: this.#truncated,
      seconds: this.#seconds,
      files: this.#files,
      begun: this.#begun,
      busiest: this.#summary.busiest(BUSIEST),
      timeline: this.#timeline.columns(PICTURE_COLUMNS),
      isInterrupted: this.#signal.aborted,
    };
  }
}
