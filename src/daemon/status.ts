// What the daemon says of itself: an object for `spamlogd status`, and a line for the log.

import type { LinkStatus } from '../sync/link.js';
import type { PeerStatus } from '../sync/peers.js';
import type { KeeperStatus } from '../table/keeper-status.js';
import type { EngineStatus } from './engine.js';
import type { CaptureReport } from './messages.js';
import type { SyncStatus } from './sync-link.js';

/** What a report is made of. */
export interface StatusParts {
  readonly version: string;
  /** Start, in seconds since the epoch. */
  readonly since: number;
  readonly capture: CaptureReport;
  readonly engine: EngineStatus;
  readonly tables: readonly KeeperStatus[];
  readonly sync: SyncStatus | null;
  readonly logDropped: number;
}

/** A value in which these times are text. */
type Timed<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]: IsoTime<T[P]> };
type IsoTime<T> = T extends number ? string : T;

/** What the daemon says of itself. Times are ISO 8601 in UTC. */
export interface StatusReport {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly since: string;
  readonly source: string;
  readonly capture: {
    readonly state: string;
    readonly engine: string | null;
    readonly engineVersion: string | null;
    readonly message: string | null;
    readonly linkType: number | null;
    readonly restarts: number;
    readonly received: number | null;
  };
  readonly packets: number;
  readonly sightings: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly ignored: Readonly<Record<string, number>>;
  readonly malformed: number;
  readonly lastPacket: string | null;
  readonly drops: {
    readonly kernel: number | null;
    readonly capture: number;
    readonly database: number;
    readonly log: number;
  };
  readonly database: {
    readonly path: string;
    readonly error: string | null;
    readonly white: number | null;
    readonly waiting: number;
    readonly lastFlush: string | null;
    readonly transactions: number;
    readonly writtenSightings: number;
    readonly added: number;
    readonly refreshed: number;
    readonly trapped: number;
    readonly expired: number;
    readonly ipv6NotKept: number;
  };
  readonly tables: readonly Timed<KeeperStatus, 'lastReconcile'>[];
  readonly sync: SyncReport | null;
}

/** How synchronisation fares. */
export interface SyncReport {
  readonly key: SyncStatus['key'];
  readonly sender: (Omit<Sender, 'targets'> & { readonly targets: readonly TargetReport[] }) | null;
  readonly receiver:
    | (Omit<Receiver, 'peers'> & { readonly peers: readonly Timed<PeerStatus, 'lastHeard'>[] })
    | null;
}

type Sender = NonNullable<SyncStatus['sender']>;
type Receiver = NonNullable<SyncStatus['receiver']>;
type TargetReport = Omit<Sender['targets'][number], 'links'> & {
  readonly links: readonly Timed<LinkStatus, 'lastSent' | 'unreachableSince'>[];
};

/** The report. */
export function statusReport({
  version,
  since,
  capture,
  engine,
  tables,
  sync,
  logDropped,
}: StatusParts): StatusReport {
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
    lastPacket: isoOrNull(engine.lastPacket),
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
      lastFlush: isoOrNull(engine.lastFlush),
      transactions: engine.transactions,
      writtenSightings: engine.writtenSightings,
      added: engine.added,
      refreshed: engine.refreshed,
      trapped: engine.trapped,
      expired: engine.expired,
      ipv6NotKept: engine.ipv6NotKept,
    },
    tables: tables.map(table => timed(table, 'lastReconcile')),
    sync: sync && syncReport(sync),
  };
}

function syncReport({ key, sender, receiver }: SyncStatus): SyncReport {
  return {
    key,
    sender: sender && {
      ...sender,
      targets: sender.targets.map(target => ({
        ...target,
        links: target.links.map(link => timed(link, 'unreachableSince', 'lastSent')),
      })),
    },
    receiver: receiver && { ...receiver, peers: receiver.peers.map(peer => timed(peer, 'lastHeard')) },
  };
}

/** A value with these times as text; what is absent or null stays so. */
function timed<T extends object, K extends keyof T>(value: T, ...names: K[]): Timed<T, K> {
  const times = names.flatMap(name => {
    const time = value[name];
    return typeof time === 'number' ? [[name, iso(time)]] : [];
  });
  return { ...value, ...Object.fromEntries(times) };
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function isoOrNull(seconds: number | null): string | null {
  return seconds === null ? null : iso(seconds);
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
