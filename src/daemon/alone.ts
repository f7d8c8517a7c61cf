// The daemon in one process: without root, with the rights that a service manager or nobody gave it.

import type { EndMessage } from '../capture/capture-messages.js';
import type { CaptureState } from '../capture/capture-state.js';
import { openLog } from '../log/logger.js';
import type { Settings } from '../options/table.js';
import { nodeSystem } from '../pfconf/live/system.js';
import { openReadiness } from '../system/readiness.js';
import { openTable } from '../table/open-table.js';
import { CaptureLog, listeningLine, tellCaptureState } from './capture-log.js';
import { failureStatus, openSource } from './capture-source.js';
import type { RoleContext } from './daemon-context.js';
import { EngineHost, type HostOptions } from './engine-host.js';
import { openRunner } from './firewall-runner.js';
import { reloadConfiguration } from './reload.js';
import { LOCAL_DIALECT } from './rule-guard.js';
import { hasPf, RuleWatch } from './rule-watch.js';
import { logOptions } from './settings-for-daemon.js';
import { readLinkKey } from './sync-link.js';

/** Runs until it is told to stop, or its stream has ended; gives the exit status. @throws Error in one line */
export async function runAlone(context: RoleContext): Promise<number> {
  const { signals } = context;
  let { settings } = context;
  const device = settings.device!;
  const log = openLog(logOptions(settings));
  const { logger } = log;
  const captureLog = new CaptureLog(logger, device);
  const readiness = openReadiness({ environment: process.env, onError: error => logger.warn(error.message) });
  let finish: (status: number) => void = () => {};
  const finished = new Promise<number>(resolve => {
    finish = resolve;
  });
  const source = openSource(
    { device, engine: settings['capture-engine'], ports: settings.port },
    {
      onSession: session => host!.read(session),
      onState: state => {
        captureLog.tell(state);
        onFirstState(state);
      },
      onEnd: () => finish(0),
    },
  );
  const runner = openRunner(settings);
  const syncKey = await readLinkKey(settings, line => logger.warn(line));
  const host = await startHost({
    settings,
    logger,
    tables: await Promise.all(settings.table.map(spec => openTable(spec, runner))),
    capture: () => ({ device, state: source.state ?? null, totals: source.totals }),
    discard: reason => source.discard(reason),
    fail: message => {
      logger.error(message);
      finish(1);
    },
    logDropped: () => log.dropped(),
    version: context.version,
    ...(syncKey && { syncKey }),
    starting: signals.starting,
  });
  if (host === undefined) {
    readiness.stopping();
    log.notice('exiting');
    await log.close();
    return 0;
  }
  let isReady = false;
  function onFirstState(state: CaptureState): void {
    if (state.kind === 'failed') fail(state);
    const isStart = !isReady && (state.kind === 'capturing' || state.kind === 'waiting');
    tellCaptureState(readiness, device, state, isStart);
    if (!isStart) return;
    isReady = true;
    context.onReady();
  }
  const watch = hasPf(device)
    ? new RuleWatch(nodeSystem(), LOCAL_DIALECT, rules => host.guard(rules))
    : undefined;
  await watch?.start();
  /** Whoever started the daemon is told, too, unless the log goes there anyhow. */
  function fail({ code, message }: Pick<EndMessage, 'code' | 'message'>): void {
    if (!isReady && logOptions(settings).format === 'syslog') context.warn(message);
    finish(failureStatus(code));
  }
  signals.attend({
    stop: () => finish(0),
    status: () => host.logStatus(),
    reload: async () => {
      const parts = { reload: context.reload, logger, readiness, use: (after: Settings) => host.use(after) };
      settings = await reloadConfiguration(settings, parts);
      await watch?.read();
    },
  });
  logger.debug(listeningLine(device, settings));
  if (!signals.starting.aborted) source.start();
  let status = await finished;
  watch?.stop();
  readiness.stopping();
  try {
    await source.stop();
    const ended = await host.stop();
    status ||= ended;
    log.notice('exiting');
  } catch (error) {
    logger.error((error as Error).message);
    status = 1;
  }
  await log.close();
  return status;
}

/** The engine, or undefined when the process was told to end before it was there. @throws Error in one line */
async function startHost(options: HostOptions & { starting: AbortSignal }): Promise<EngineHost | undefined> {
  try {
    return await EngineHost.start(options);
  } catch (error) {
    if (options.starting.aborted) return undefined;
    throw error;
  }
}
