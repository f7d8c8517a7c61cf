// A daemon about which there is everything to tell.

import type { StatusParts } from '../../src/daemon/status.js';

const SINCE = Date.parse('2026-01-31T12:00:00Z') / 1000;

/** What a report is made of, with texts that no format may stumble over. */
export function statusParts(): StatusParts {
  return {
    version: '1.2.3',
    since: SINCE,
    capture: {
      device: 'pflog0',
      state: { kind: 'waiting', code: 'down', message: 'pflog0 is "down"' },
      totals: { received: 100, droppedKernel: null, droppedQueue: 2, restarts: 1 },
    },
    engine: {
      packets: 60,
      sightings: 40,
      inbound: 30,
      outbound: 10,
      ignored: { 'other-port': 7, blocked: 3 },
      malformed: 10,
      first: SINCE,
      last: SINCE + 1,
      writtenSightings: 39,
      writtenAddresses: 20,
      added: 5,
      refreshed: 15,
      trapped: 1,
      transactions: 9,
      dropped: 4,
      waiting: 6,
      lastFlush: SINCE + 8,
      database: '/var/db/spamlogd/spamd.sqlite',
      databaseError: null,
      entries: 123,
      expired: 11,
      ipv6NotKept: 12,
      lastPacket: null,
      linkType: 117,
    },
    tables: [
      {
        table: 'pf:spamd-white',
        state: 'failing',
        entries: 120,
        waiting: 3,
        added: 121,
        refreshed: 0,
        removed: 1,
        lost: 2,
        foreign: 4,
        reconciles: 50,
        failures: 6,
        lastReconcile: SINCE + 1,
        error: 'pfctl: "no"',
      },
    ],
    sync: {
      key: 'present',
      sender: {
        messages: 70,
        ipv6Skipped: 71,
        remembered: 72,
        forgotten: 73,
        targets: [
          {
            target: 'mx2.example.org',
            kind: 'host',
            links: [
              {
                address: '192.0.2.2',
                reachability: 'unreachable',
                unreachableSince: SINCE + 2,
                messages: 60,
                entries: 600,
                dropped: 6,
                errors: 7,
                lastSent: SINCE + 3.5,
                lastError: 'ECONNREFUSED',
              },
            ],
          },
          { target: 'mx3.example.org', kind: 'host', links: [] },
        ],
      },
      receiver: {
        listening: { address: '0.0.0.0', port: 8025, isListening: true },
        peers: [
          {
            peer: 'mx2.example.org',
            messages: 80,
            entries: 800,
            skipped: { ended: 1, 'bad-address': 2, grey: 3, 'ignored-network': 4 },
            refused: { duplicate: 5 },
            lastHeard: SINCE + 4.25,
            lastAddress: '192.0.2.2',
            lagSeconds: -3,
          },
          {
            peer: 'a "peer"\\\n',
            messages: 0,
            entries: 0,
            skipped: { ended: 0, 'bad-address': 0, grey: 0, 'ignored-network': 0 },
            refused: {},
          },
        ],
        strangers: { stranger: 90 },
        own: 91,
        capped: 92,
        queued: 93,
        lost: 94,
      },
    },
    logDropped: 13,
  };
}
