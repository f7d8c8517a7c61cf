// The monitor: keeps root's privileges and does little with them. It starts the capture and relays its bytes unread,
// starts the engine, which becomes the daemon's user, and changes the configured tables when the engine asks. It parses
// no packet, and opens no database and no socket.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { RelayWriter } from '../capture/capture-relay.js';
import type { CaptureState } from '../capture/capture-state.js';
import { openLog } from '../log/logger.js';
import type { Settings } from '../options/table.js';
import { nodeSystem } from '../pfconf/live/system.js';
import { lookupAccount } from '../system/account.js';
import { openReadiness } from '../system/readiness.js';
import { openTable } from '../table/open-table.js';
import { TableExecutor } from '../table/table-executor.js';
import { listeningLine, logCaptureState } from './capture-log.js';
import { openSource } from './capture-source.js';
import { type DaemonContext, onSignals } from './daemon-context.js';
import { openRunner } from './firewall-runner.js';
import { parseToMonitor, type ToEngine } from './messages.js';
import { RELAY_FD } from './relay-fd.js';
import { reloadConfiguration } from './reload.js';
import { LOCAL_DIALECT } from './rule-guard.js';
import { hasPf, RuleWatch } from './rule-watch.js';
import { logOptions } from './settings-for-daemon.js';
import { readLinkKey } from './sync-link.js';

const ENGINE = fileURLToPath(new URL('engine-process.js', import.meta.url));

/** What V8 keeps for young objects grows with the load and never shrinks; more than this is of no use here. */
const SMALL_HEAP = ['--max-semi-space-size=2'];

/** How often the engine is told how the capture fares. */
const REPORT_MS = 1000;

/** How long the engine has to commit what was seen, beyond the time that it waits for a locked database. */
const STOP_MS = 30_000;

/** Runs until it is told to stop; gives the exit status. @throws Error in one line when start-up fails */
export async function runMonitor(context: DaemonContext): Promise<number> {
  let { settings } = context;
  const device = settings.device!;
  const account = lookupAccount(settings.user);
  const log = openLog(logOptions(settings));
  const { logger } = log;
  const readiness = openReadiness({ environment: process.env, onError: error => logger.warn(error.message) });
  const runner = openRunner(settings);
  const tables = new TableExecutor(await Promise.all(settings.table.map(spec => openTable(spec, runner))));
  process.title = 'spamlogd: monitor';

  const engine = new EngineProcess();
  const relay = new RelayWriter(engine.relay);
  let relayed: Promise<void> = Promise.resolve();
  let finish: (status: number) => void = () => {};
  const finished = new Promise<number>(resolve => {
    finish = resolve;
  });
  let isStarted = false;
  let lastReport = '';
  let isReady = false;
  const onState = (state: CaptureState): void => {
    logCaptureState(logger, device, state);
    reportCapture();
    if (state.kind === 'failed') {
      // Whoever started the daemon is told, too, unless the log goes there anyhow.
      if (!isReady && logOptions(settings).format === 'syslog') context.warn(state.message);
      finish(1);
    }
    if (isReady || state.kind === 'failed' || state.kind === 'stopped') return;
    isReady = true;
    readiness.ready(state.kind);
    context.onReady();
  };
  const source = openSource(
    { device, engine: settings['capture-engine'], ports: settings.port, account },
    {
      onSession: session => {
        relayed = relay.relay(session).catch(() => {});
      },
      onState,
      onEnd: () => finish(0),
    },
  );
  function reportCapture(): void {
    const capture = { device, state: source.state ?? null, totals: source.totals };
    const text = JSON.stringify(capture);
    if (text !== lastReport) engine.send({ type: 'capture', capture });
    lastReport = text;
  }

  const started = new Promise<void>((resolve, reject) => {
    engine.onMessage = value => {
      const message = parseToMonitor(value);
      if (message?.type === 'ready') resolve();
      else if (message?.type === 'failed') reject(new Error(message.message));
      else if (message?.type === 'table') {
        void tables
          .execute(message.command)
          .then(reply => engine.send({ type: 'table-reply', id: message.id, reply }));
      } else {
        logger.fatal('unknown message from the engine');
        finish(1);
      }
    };
    engine.onExit = how => {
      if (isStarted) logger.error(`the engine ${how}`);
      reject(new Error(`Cannot start the engine: it ${how}`));
      finish(1);
    };
  });
  const syncKey = await readLinkKey(settings, line => logger.warn(line));
  engine.send({ type: 'begin', settings, account, version: context.version, ...(syncKey && { syncKey }) });
  await started;
  isStarted = true;

  const watch = hasPf(device)
    ? new RuleWatch(nodeSystem(), LOCAL_DIALECT, rules => engine.send({ type: 'rules', rules }))
    : undefined;
  await watch?.start();
  onSignals({
    stop: () => finish(0),
    status: () => engine.send({ type: 'log-status' }),
    reload: async () => {
      const use = (after: Settings): void => engine.send({ type: 'settings', settings: after });
      settings = await reloadConfiguration(settings, { reload: context.reload, logger, readiness, use });
      await watch?.read();
    },
  });
  logger.debug(listeningLine(device, settings));
  const reports = setInterval(reportCapture, REPORT_MS);
  source.start();
  const status = await finished;
  clearInterval(reports);
  watch?.stop();
  readiness.stopping();
  await source.stop();
  await relayed;
  const engineStatus = await engine.stop(STOP_MS + settings['busy-timeout'] * 1000);
  logger.info('exiting');
  log.close();
  return status || engineStatus;
}

/** The engine, seen from the monitor. */
class EngineProcess {
  onMessage: (value: unknown) => void = () => {};
  onExit: (how: string) => void = () => {};
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;

  constructor() {
    this.#child = spawn(process.execPath, [...SMALL_HEAP, ENGINE], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
      // It is ours to end, not a terminal's.
      detached: true,
      cwd: '/',
    });
    this.#exited = new Promise(resolve => {
      this.#child.once('exit', (code, signal) => {
        resolve(code ?? 1);
        const how = signal === null ? `ended with status ${code}` : `was killed by ${signal}`;
        // What it said before comes first.
        if (this.#child.connected) this.#child.once('disconnect', () => this.onExit(how));
        else this.onExit(how);
      });
    });
    this.#child.on('message', value => this.onMessage(value));
    this.#child.on('error', error => this.onExit(error.message));
    // What cannot be written to it any more, its exit tells.
    this.relay.on('error', () => {});
  }

  get relay(): Writable {
    return this.#child.stdio[RELAY_FD] as Writable;
  }

  send(message: ToEngine): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Has it commit and end; its exit status. */
  async stop(milliseconds: number): Promise<number> {
    this.onExit = () => {};
    this.relay.end();
    this.send({ type: 'stop' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), milliseconds);
    const status = await this.#exited;
    clearTimeout(timer);
    return status;
  }
}
