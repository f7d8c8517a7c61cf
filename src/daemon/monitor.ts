// The monitor: keeps root's privileges and does little with them. It starts the capture and relays its bytes unread,
// starts the engine, which becomes the daemon's user, and changes the configured tables when the engine asks. It parses
// no packet, and opens no database and no socket.

import { setTimeout } from 'node:timers/promises';
import { RelayWriter } from '../capture/capture-relay.js';
import type { CaptureState } from '../capture/capture-state.js';
import { openLog } from '../log/logger.js';
import type { Settings } from '../options/table.js';
import { nodeSystem } from '../pfconf/live/system.js';
import { lookupAccount } from '../system/account.js';
import { openReadiness } from '../system/readiness.js';
import { openTable } from '../table/open-table.js';
import { TableExecutor } from '../table/table-executor.js';
import { CaptureLog, listeningLine, tellCaptureState } from './capture-log.js';
import { failureStatus, openSource } from './capture-source.js';
import type { RoleContext } from './daemon-context.js';
import { EngineChild } from './engine-child.js';
import { openRunner } from './firewall-runner.js';
import { parseToMonitor } from './messages.js';
import { reloadConfiguration } from './reload.js';
import { LOCAL_DIALECT } from './rule-guard.js';
import { hasPf, RuleWatch } from './rule-watch.js';
import { logOptions } from './settings-for-daemon.js';
import { readLinkKey } from './sync-link.js';

/** How often the engine is told how the capture fares. */
const REPORT_MS = 1000;

/** See {@link RoleContext.stopMs}. */
const STOP_MS = 30_000;

/** Runs until it is told to stop; gives the exit status. @throws Error in one line when start-up fails */
export async function runMonitor(context: RoleContext): Promise<number> {
  const { signals } = context;
  let { settings } = context;
  const device = settings.device!;
  const account = lookupAccount(settings.user);
  const log = openLog(logOptions(settings));
  const { logger } = log;
  const captureLog = new CaptureLog(logger, device);
  const readiness = openReadiness({ environment: process.env, onError: error => logger.warn(error.message) });
  const runner = openRunner(settings);
  const tables = new TableExecutor(await Promise.all(settings.table.map(spec => openTable(spec, runner))));
  process.title = 'spamlogd: monitor';

  const engine = new EngineChild();
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
    captureLog.tell(state);
    reportCapture();
    if (state.kind === 'failed') {
      // Whoever started the daemon is told, too, unless the log goes there anyhow.
      if (!isReady && logOptions(settings).format === 'syslog') context.warn(state.message);
      finish(failureStatus(state.code));
    }
    const isStart = !isReady && (state.kind === 'capturing' || state.kind === 'waiting');
    tellCaptureState(readiness, device, state, isStart);
    if (!isStart) return;
    isReady = true;
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
      else if (message?.type === 'failed') onFailed(message.message);
      else if (message?.type === 'discard') source.discard(message);
      else if (message?.type === 'table') {
        void tables
          .execute(message.command)
          .then(reply => engine.send({ type: 'table-reply', id: message.id, reply }));
      } else {
        logger.fatal('unknown message from the engine');
        finish(1);
      }
    };
    const onFailed = (why: string): void => {
      if (isStarted) logger.error(why);
      reject(new Error(why));
      finish(1);
    };
    engine.onExit = how => {
      if (isStarted) logger.error(`the engine ${how}`);
      reject(new Error(`Cannot start the engine: it ${how}`));
      finish(1);
    };
  });
  const syncKey = await readLinkKey(settings, line => logger.warn(line));
  engine.send({ type: 'begin', settings, account, version: context.version, ...(syncKey && { syncKey }) });
  await Promise.race([started, signals.stoppedEarly()]);
  isStarted = true;

  const watch =
    hasPf(device) && !signals.starting.aborted
      ? new RuleWatch(nodeSystem(), LOCAL_DIALECT, rules => engine.send({ type: 'rules', rules }))
      : undefined;
  await watch?.start();
  signals.attend({
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
  if (!signals.starting.aborted) source.start();
  const status = await finished;
  clearInterval(reports);
  watch?.stop();
  readiness.stopping();
  const deadlineMs = (context.stopMs ?? STOP_MS) + settings['busy-timeout'] * 1000;
  const ending = source
    .stop()
    .then(() => relayed)
    .then(() => engine.stop());
  let engineStatus = await Promise.race([ending, setTimeout(deadlineMs, undefined, { ref: false })]);
  if (engineStatus === undefined) {
    engineStatus = await engine.kill();
    const how = 'it was killed, and what it had not written is lost';
    logger.error(`the engine has not ended in ${deadlineMs / 1000} s: ${how}`);
  }
  log.notice('exiting');
  await log.close();
  return status || engineStatus;
}
