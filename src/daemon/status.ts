// What the daemon says of itself: an object for `spamlogd status`, and a line for the log.

import type { KeeperStatus } from '../table/keeper-status.js';
import type { EngineStatus } from './engine.js';
import type { CaptureReport } from './messages.js';

/** What a report is made of. */
export interface StatusParts {
  readonly version: string;
  /** Start, in seconds since the epoch. */
  readonly since: number;
  readonly capture: CaptureReport;
  readonly engine: EngineStatus;
  readonly tables: readonly KeeperStatus[];
  readonly sync: object | null;
  readonly logDropped: number;
}

/** The report. Times are ISO 8601 in UTC. */
export function statusReport({
  version,
  since,
  capture,
  engine,
  tables,
  sync,
  logDropped,
}: StatusParts): object {
  const { state, totals, device } = capture;
  return {
    version,
    node: process.version,
    pid: process.pid,
    since: iso(since),
    source: device,
    capture: {
      state: state?.kind ?? 'starting',
      engine: state?.kind === 'capturing' ? state.ready.engine : null,
      engineVersion: state?.kind === 'capturing' ? state.ready.version : null,
      message: state !== null && 'message' in state ? state.message : null,
      linkType: engine.linkType,
      restarts: totals.restarts,
      received: totals.received,
    },
    packets: engine.packets,
    sightings: engine.sightings,
    inbound: engine.inbound,
    outbound: engine.outbound,
    ignored: engine.ignored,
    malformed: engine.malformed,
    lastPacket: iso(engine.lastPacket),
    drops: {
      kernel: totals.droppedKernel,
      capture: totals.droppedQueue,
      database: engine.dropped,
      log: logDropped,
    },
    database: {
      path: engine.database,
      error: engine.databaseError,
      white: engine.entries,
      waiting: engine.waiting,
      lastFlush: iso(engine.lastFlush),
      transactions: engine.transactions,
      writtenSightings: engine.writtenSightings,
      added: engine.added,
      refreshed: engine.refreshed,
      trapped: engine.trapped,
      expired: engine.expired,
      ipv6NotKept: engine.ipv6NotKept,
    },
    tables: tables.map(table => ({ ...table, lastReconcile: iso(table.lastReconcile) })),
    sync,
  };
}

function iso(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}

/** A line for the log. */
export function statusLine({ device, state, totals }: CaptureReport, engine: EngineStatus): string {
  const drops = (totals.droppedKernel ?? 0) + totals.droppedQueue + engine.dropped;
  const parts = [
    `${device} ${state?.kind ?? 'starting'}`,
    `${engine.packets} packets`,
    `${engine.sightings} sightings`,
    `${engine.added} added`,
    `${engine.refreshed} refreshed`,
    `${engine.waiting} waiting`,
    `${drops} dropped`,
    `${totals.restarts} capture restarts`,
  ];
  return `status: ${parts.join(', ')}`;
}
