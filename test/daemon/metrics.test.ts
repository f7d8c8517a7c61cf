import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsOf } from '../../src/daemon/metrics.js';
import { statusReport } from '../../src/daemon/status.js';
import { parseExposition } from '../metrics/parse-exposition.js';
import { statusParts } from './status-parts.js';

const SINCE = Date.parse('2026-01-31T12:00:00Z') / 1000;

/** The samples of each metric, as `label=value … number`. */
function samplesOf(text: string): Map<string, string[]> {
  const metrics = parseExposition(text);
  return new Map(
    Array.from(metrics, ([name, { samples }]) => [
      name,
      samples.map(({ labels, value }) =>
        [...Object.entries(labels).map(([label, of]) => `${label}=${of}`), value].join(' '),
      ),
    ]),
  );
}

test('a report becomes metrics that its numbers can be read from', () => {
  const samples = samplesOf(metricsOf(statusReport(statusParts())));
  const expected: Record<string, readonly string[]> = {
    info: [`version=1.2.3 node=${process.version} source=pflog0 1`],
    start_time_seconds: [`${SINCE}`],
    capture_up: ['0'],
    capture_restarts_total: ['1'],
    capture_received_total: ['100'],
    packets_total: ['60'],
    sightings_total: ['direction=inbound 30', 'direction=outbound 10'],
    malformed_total: ['10'],
    dropped_total: ['place=capture 2', 'place=database 4', 'place=log 13'],
    database_up: ['1'],
    database_added_total: ['5'],
    database_refreshed_total: ['15'],
    database_trapped_total: ['1'],
    database_expired_total: ['11'],
    database_written_total: ['39'],
    database_transactions_total: ['9'],
    database_ipv6_not_kept_total: ['12'],
    database_waiting: ['6'],
    database_white: ['123'],
    database_last_write_time_seconds: [`${SINCE + 8}`],
    table_in_line: ['table=pf:spamd-white 0'],
    table_entries: ['table=pf:spamd-white 120'],
    table_waiting: ['table=pf:spamd-white 3'],
    table_added_total: ['table=pf:spamd-white 121'],
    table_refreshed_total: ['table=pf:spamd-white 0'],
    table_removed_total: ['table=pf:spamd-white 1'],
    table_repaired_total: ['table=pf:spamd-white drift=lost 2', 'table=pf:spamd-white drift=foreign 4'],
    table_reconciles_total: ['table=pf:spamd-white 50'],
    table_failures_total: ['table=pf:spamd-white 6'],
    table_last_reconcile_time_seconds: [`table=pf:spamd-white ${SINCE + 1}`],
    sync_messages_total: ['70'],
    sync_ipv6_skipped_total: ['71'],
    sync_remembered: ['72'],
    sync_forgotten_total: ['73'],
    sync_target_up: ['target=mx2.example.org address=192.0.2.2 0'],
    sync_target_messages_total: ['target=mx2.example.org address=192.0.2.2 60'],
    sync_target_entries_total: ['target=mx2.example.org address=192.0.2.2 600'],
    sync_target_dropped_total: ['target=mx2.example.org address=192.0.2.2 6'],
    sync_target_errors_total: ['target=mx2.example.org address=192.0.2.2 7'],
    sync_target_last_sent_time_seconds: [`target=mx2.example.org address=192.0.2.2 ${SINCE + 3.5}`],
    sync_listening: ['1'],
    sync_own_total: ['91'],
    sync_capped_total: ['92'],
    sync_queued: ['93'],
    sync_lost_total: ['94'],
    sync_stranger_refused_total: ['reason=stranger 90'],
    sync_peer_messages_total: ['peer=mx2.example.org 80', 'peer=a "peer"\\\n 0'],
    sync_peer_entries_total: ['peer=mx2.example.org 800', 'peer=a "peer"\\\n 0'],
    sync_peer_refused_total: ['peer=mx2.example.org reason=duplicate 5'],
    sync_peer_last_heard_time_seconds: [`peer=mx2.example.org ${SINCE + 4.25}`],
    sync_peer_lag_seconds: ['peer=mx2.example.org -3'],
  };
  for (const [name, values] of Object.entries(expected)) {
    assert.deepEqual(samples.get(`spamlogd_${name}`), values, name);
    samples.delete(`spamlogd_${name}`);
  }
  const ignored = samples.get('spamlogd_ignored_total')!;
  assert.ok(ignored.includes('reason=other-port 7') && ignored.includes('reason=blocked 3'));
  assert.ok(ignored.includes('reason=fragment 0'), 'a reason that has not occurred is 0');
  assert.deepEqual(samples.get('spamlogd_sync_peer_skipped_total')!.slice(0, 4), [
    'peer=mx2.example.org reason=ended 1',
    'peer=mx2.example.org reason=bad-address 2',
    'peer=mx2.example.org reason=grey 3',
    'peer=mx2.example.org reason=ignored-network 4',
  ]);
  assert.deepEqual(
    [...samples.keys()],
    ['spamlogd_ignored_total', 'spamlogd_sync_peer_skipped_total'],
    'nothing else, and nothing of what is not known',
  );
});

test('what only grows is a counter whose name tells so, and nothing else is', () => {
  for (const [name, { type, help }] of parseExposition(metricsOf(statusReport(statusParts())))) {
    assert.equal(type === 'counter', name.endsWith('_total'), name);
    assert.match(name, /^spamlogd_[a-z0-9_]+$/);
    assert.match(help, /^[A-Z].*[^.]$/, name);
  }
});

test('without tables and synchronisation there are no metrics of them', () => {
  const text = metricsOf(statusReport({ ...statusParts(), tables: [], sync: null }));
  assert.ok(parseExposition(text).has('spamlogd_packets_total'));
  assert.doesNotMatch(text, /spamlogd_(table|sync)_/);
});
