// The engine as a process of its own: started by the monitor as root, it becomes the daemon's user before it does
// anything else, reads the captures that the monitor relays, and asks it for what needs privileges.

import { Socket } from 'node:net';
import { readRelay } from '../capture/capture-relay.js';
import type { CaptureSession } from '../capture/capture-supervisor.js';
import { type Log, openLog } from '../log/logger.js';
import { dropPrivileges } from '../system/privileges.js';
import { openTable } from '../table/open-table.js';
import { RemoteTable } from '../table/remote-table.js';
import { createRunner } from '../table/runner.js';
import type { Table } from '../table/table.js';
import type { TableReply } from '../table/table-command.js';
import { EngineHost } from './engine-host.js';
import { type CaptureReport, parseToEngine, type ToEngine, type ToMonitor } from './messages.js';
import { RELAY_FD } from './relay-fd.js';
import { logOptions } from './settings-for-daemon.js';

interface Asker {
  readonly resolve: (reply: TableReply) => void;
  readonly reject: (error: Error) => void;
}

type Begin = Extract<ToEngine, { type: 'begin' }>;

const GONE = 'the monitor is gone';

let host: EngineHost | undefined;
/** Settles when the start is over, one way or the other. */
let begun: Promise<void> = Promise.resolve();
const starting = new AbortController();
let log: Log | undefined;
let capture: CaptureReport | undefined;
/** Settles when all that the monitor relayed was taken. */
let relayed: Promise<void> = Promise.resolve();
let isEnding = false;
let lastId = 0;
/** Who waits for the monitor's reply; undefined when that is gone, and replies to nobody any more. */
let waiting: Map<number, Asker> | undefined = new Map();

// What a terminal or a service manager sends to all processes is for the monitor to act on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGQUIT'] as const)
  process.on(signal, () => {});
process.on('message', value => void receive(value));
process.once('disconnect', () => {
  const askers = [...(waiting?.values() ?? [])];
  waiting = undefined;
  for (const { reject } of askers) reject(new Error(GONE));
  void end(GONE);
});

function send(message: ToMonitor): void {
  if (process.connected) process.send!(message);
}

async function receive(value: unknown): Promise<void> {
  const message = parseToEngine(value);
  switch (message?.type) {
    case 'begin':
      begun = begin(message);
      await begun;
      break;
    case 'settings':
      host?.use(message.settings);
      break;
    case 'capture':
      capture = message.capture;
      break;
    case 'rules':
      host?.guard(message.rules);
      break;
    case 'table-reply':
      waiting?.get(message.id)?.resolve(message.reply);
      waiting?.delete(message.id);
      break;
    case 'log-status':
      host?.logStatus();
      break;
    case 'stop':
      await end(undefined);
      break;
    default:
      log?.logger.fatal('unknown message from the monitor');
      await log?.close();
      process.exit(70);
  }
}

async function begin({ settings, account, version, syncKey }: Begin): Promise<void> {
  try {
    dropPrivileges(account);
    process.title = `spamlogd: engine`;
    log = openLog(logOptions(settings));
    capture = {
      device: '',
      state: null,
      totals: { received: null, droppedKernel: null, droppedQueue: 0, restarts: 0 },
    };
    host = await EngineHost.start({
      settings,
      logger: log.logger,
      tables: await remoteTables(settings.table),
      capture: () => capture!,
      discard: reason => send({ type: 'discard', ...reason }),
      fail: message => send({ type: 'failed', message, status: 1 }),
      logDropped: () => log!.dropped(),
      version,
      ...(syncKey && { syncKey }),
      starting: starting.signal,
    });
  } catch (error) {
    // It is ending, as it was told to.
    if (starting.signal.aborted) return;
    send({ type: 'failed', message: (error as Error).message, status: 1 });
    await log?.close();
    process.disconnect();
    process.exit(1);
  }
  const relay = new Socket({ fd: RELAY_FD, readable: true, writable: false });
  relayed = readRelay(relay, (session: CaptureSession) => host!.read(session)).catch(
    error => void end((error as Error).message),
  );
  send({ type: 'ready' });
}

async function remoteTables(specs: Begin['settings']['table']): Promise<Table[]> {
  const runner = createRunner();
  return Promise.all(
    specs.map(async (spec, index) => {
      const { name, families } = await openTable(spec, runner);
      return new RemoteTable({ index, name, families }, command => {
        const id = ++lastId;
        return new Promise((resolve, reject) => {
          if (waiting === undefined) return reject(new Error(GONE));
          waiting.set(id, { resolve, reject });
          send({ type: 'table', id, command });
        });
      });
    }),
  );
}

/** Commits what was seen and ends; `reason` is what is wrong, if anything is. */
async function end(reason: string | undefined): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  let status = reason === undefined ? 0 : 1;
  if (reason !== undefined) log?.logger.error(reason);
  try {
    // Once it has started, this stops nothing.
    starting.abort();
    await begun;
    // The relay is a pipe of its own: what it still holds was written before we were told to end.
    await relayed;
    const ended = (await host?.stop()) ?? 0;
    status ||= ended;
  } catch (error) {
    log?.logger.error((error as Error).message);
    status = 1;
  }
  await log?.close();
  process.exit(status);
}
