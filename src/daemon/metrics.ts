// A status report as metrics, for Prometheus and whatever reads its format.

import { Exposition, type Labels, type Sample } from '../metrics/exposition.js';
import { IGNORE_REASONS } from '../policy/reason.js';
import type { StatusReport, SyncReport } from './status.js';

/** The report in Prometheus' text format. Names begin with `spamlogd_`; counts are since the daemon's start. */
export function metricsOf(report: StatusReport): string {
  const exposition = new Exposition();
  addDaemon(exposition, report);
  addPackets(exposition, report);
  addDatabase(exposition, report.database);
  addTables(exposition, report.tables);
  if (report.sync?.sender) addSender(exposition, report.sync.sender);
  if (report.sync?.receiver) addReceiver(exposition, report.sync.receiver);
  return exposition.text;
}

function addDaemon(to: Exposition, { version, node, source, since, capture }: StatusReport): void {
  to.gauge('spamlogd_info', 'The daemon, and where its log comes from', [[{ version, node, source }, 1]]);
  to.gauge('spamlogd_start_time_seconds', 'When the daemon was started', seconds(since));
  to.gauge('spamlogd_capture_up', 'Whether the log is being captured', Number(capture.state === 'capturing'));
  to.counter('spamlogd_capture_restarts_total', 'Captures that ended by themselves', capture.restarts);
  to.counter('spamlogd_capture_received_total', "Packets that the capture's filter took", capture.received);
}

function addPackets(to: Exposition, report: StatusReport): void {
  const { packets, inbound, outbound, ignored, malformed, lastPacket, drops } = report;
  to.counter('spamlogd_packets_total', 'Records of the log', packets);
  to.counter('spamlogd_sightings_total', 'Records that counted', [
    [{ direction: 'inbound' }, inbound],
    [{ direction: 'outbound' }, outbound],
  ]);
  to.counter(
    'spamlogd_ignored_total',
    'Records that did not count, by reason',
    Object.keys(IGNORE_REASONS).map((reason): Sample => [{ reason }, ignored[reason] ?? 0]),
  );
  to.counter('spamlogd_malformed_total', 'Records that could not be decoded', malformed);
  to.gauge('spamlogd_last_packet_time_seconds', 'When the last record came', seconds(lastPacket));
  to.counter(
    'spamlogd_dropped_total',
    'What was dropped: packets, sightings for the database, lines of the log',
    Object.entries(drops).map(([place, count]): Sample => [{ place }, count]),
  );
}

function addDatabase(to: Exposition, database: StatusReport['database']): void {
  to.gauge('spamlogd_database_up', 'Whether the database can be written', Number(database.error === null));
  to.counter('spamlogd_database_added_total', 'Addresses that became white', database.added);
  to.counter('spamlogd_database_refreshed_total', 'Entries that live longer', database.refreshed);
  to.counter('spamlogd_database_trapped_total', 'Addresses seen that stayed trapped', database.trapped);
  to.counter('spamlogd_database_expired_total', 'White entries that have ended', database.expired);
  to.counter('spamlogd_database_written_total', 'Sightings written', database.writtenSightings);
  to.counter('spamlogd_database_transactions_total', 'Transactions', database.transactions);
  to.counter('spamlogd_database_ipv6_not_kept_total', 'IPv6 addresses not kept', database.ipv6NotKept);
  to.gauge('spamlogd_database_waiting', 'Addresses that wait to be written', database.waiting);
  to.gauge('spamlogd_database_white', 'White entries', database.white);
  const flushed = seconds(database.lastFlush);
  to.gauge('spamlogd_database_last_write_time_seconds', 'When something was last written', flushed);
}

type TableReport = StatusReport['tables'][number];

function addTables(to: Exposition, tables: StatusReport['tables']): void {
  const each = (value: (table: TableReport) => number | null): Sample[] =>
    tables.map(one => [{ table: one.table }, value(one)]);
  to.gauge(
    'spamlogd_table_in_line',
    'Whether the table is in line with the database',
    each(({ state }) => Number(state === 'in-line')),
  );
  to.gauge(
    'spamlogd_table_entries',
    'White entries in the table',
    each(({ entries }) => entries),
  );
  to.gauge(
    'spamlogd_table_waiting',
    'Addresses that wait for the table',
    each(({ waiting }) => waiting),
  );
  to.counter(
    'spamlogd_table_added_total',
    'Entries added',
    each(({ added }) => added),
  );
  to.counter(
    'spamlogd_table_refreshed_total',
    'Entries refreshed',
    each(({ refreshed }) => refreshed),
  );
  to.counter(
    'spamlogd_table_removed_total',
    'Entries taken out',
    each(({ removed }) => removed),
  );
  to.counter(
    'spamlogd_table_repaired_total',
    'Entries put right since others had changed the table',
    tables.flatMap(({ table, lost, foreign }): Sample[] => [
      [{ table, drift: 'lost' }, lost],
      [{ table, drift: 'foreign' }, foreign],
    ]),
  );
  to.counter(
    'spamlogd_table_reconciles_total',
    'Comparisons with the database',
    each(({ reconciles }) => reconciles),
  );
  to.counter(
    'spamlogd_table_failures_total',
    'Failures to read or change the table',
    each(({ failures }) => failures),
  );
  to.gauge(
    'spamlogd_table_last_reconcile_time_seconds',
    'When the table was last in line',
    each(({ lastReconcile }) => seconds(lastReconcile)),
  );
}

type SenderReport = NonNullable<SyncReport['sender']>;
type LinkReport = SenderReport['targets'][number]['links'][number];

function addSender(to: Exposition, sender: SenderReport): void {
  const each = (value: (link: LinkReport) => number | null): Sample[] =>
    sender.targets.flatMap(({ target, links }) =>
      links.map((link): Sample => [{ target, address: link.address }, value(link)]),
    );
  to.counter('spamlogd_sync_messages_total', 'Messages made', sender.messages);
  to.counter('spamlogd_sync_ipv6_skipped_total', 'IPv6 addresses not sent', sender.ipv6Skipped);
  to.gauge('spamlogd_sync_remembered', 'Addresses that peers are told again', sender.remembered);
  to.counter('spamlogd_sync_forgotten_total', 'Addresses forgotten for want of room', sender.forgotten);
  to.gauge(
    'spamlogd_sync_target_up',
    'Whether the target has not refused',
    each(({ reachability }) => Number(reachability === 'reachable')),
  );
  to.counter(
    'spamlogd_sync_target_messages_total',
    'Messages sent to the target',
    each(({ messages }) => messages),
  );
  to.counter(
    'spamlogd_sync_target_entries_total',
    'Entries sent to the target',
    each(({ entries }) => entries),
  );
  to.counter(
    'spamlogd_sync_target_dropped_total',
    'Messages that the system did not take',
    each(({ dropped }) => dropped),
  );
  to.counter(
    'spamlogd_sync_target_errors_total',
    'Errors, refusals among them',
    each(({ errors }) => errors),
  );
  to.gauge(
    'spamlogd_sync_target_last_sent_time_seconds',
    'When a message was last sent',
    each(({ lastSent }) => seconds(lastSent)),
  );
}

type ReceiverReport = NonNullable<SyncReport['receiver']>;
type PeerReport = ReceiverReport['peers'][number];

function addReceiver(to: Exposition, receiver: ReceiverReport): void {
  const { peers, strangers, listening } = receiver;
  const each = (value: (peer: PeerReport) => number | null): Sample[] =>
    peers.map(one => [{ peer: one.peer }, value(one)]);
  const byReason = (labels: Labels, counts: Readonly<Partial<Record<string, number>>>): Sample[] =>
    Object.entries(counts).map(([reason, count = 0]) => [{ ...labels, reason }, count]);
  to.gauge('spamlogd_sync_listening', 'Whether peers can be heard', Number(listening.isListening));
  to.counter('spamlogd_sync_own_total', 'Messages of this machine, passed over', receiver.own);
  to.counter('spamlogd_sync_capped_total', 'Entries whose end was cut', receiver.capped);
  to.gauge('spamlogd_sync_queued', 'Entries that wait for the database', receiver.queued);
  to.counter('spamlogd_sync_lost_total', 'Entries that the database did not take', receiver.lost);
  to.counter('spamlogd_sync_stranger_refused_total', 'Messages of strangers', byReason({}, strangers));
  to.counter(
    'spamlogd_sync_peer_messages_total',
    'Messages accepted of the peer',
    each(({ messages }) => messages),
  );
  to.counter(
    'spamlogd_sync_peer_entries_total',
    'Entries accepted of the peer',
    each(({ entries }) => entries),
  );
  to.counter(
    'spamlogd_sync_peer_skipped_total',
    'Entries passed over in accepted messages',
    peers.flatMap(({ peer, skipped }) => byReason({ peer }, skipped)),
  );
  to.counter(
    'spamlogd_sync_peer_refused_total',
    'Messages of the peer that were refused',
    peers.flatMap(({ peer, refused }) => byReason({ peer }, refused)),
  );
  to.gauge(
    'spamlogd_sync_peer_last_heard_time_seconds',
    'When a message was last accepted',
    each(({ lastHeard }) => seconds(lastHeard)),
  );
  to.gauge(
    'spamlogd_sync_peer_lag_seconds',
    "Our clock less the peer's, with the message's way",
    each(({ lagSeconds }) => lagSeconds ?? null),
  );
}

function seconds(time: string | null | undefined): number | null {
  return time == null ? null : Date.parse(time) / 1000;
}
